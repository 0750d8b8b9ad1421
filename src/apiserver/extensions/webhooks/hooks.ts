import type { KindRegistry } from "../../../api/kinds/index.ts";
import type { admissionregistrationV1, MutatingWebhookConfiguration } from "../../../api/types/index.ts";
import type { Store } from "../../../store/index.ts";
import { type CompiledCondition, compileConditions, FollowedObjects } from "../../admission/policies/index.ts";

/** Both kinds of webhooks; only mutating ones have a reinvocation policy. */
export type Webhook = admissionregistrationV1.ValidatingWebhook & Partial<admissionregistrationV1.MutatingWebhook>;

/** One webhook of a configuration. */
export interface Hook {
  readonly webhook: Webhook;
  /** Of the configuration. */
  readonly configuration: string;
  /** The same as long as the configuration holds a webhook of this name at this place. */
  readonly key: string;
  readonly conditions: readonly CompiledCondition[];
}

/** The webhooks of one kind as they are stored, by the names of their configurations. */
export class Hooks {
  readonly #store: Store;
  readonly #kinds: KindRegistry;
  readonly #configurations: FollowedObjects<MutatingWebhookConfiguration>;
  #hooks: readonly Hook[] | undefined;

  /** @param resource `mutatingwebhookconfigurations` or `validatingwebhookconfigurations` */
  constructor(store: Store, kinds: KindRegistry, resource: string) {
    this.#store = store;
    this.#kinds = kinds;
    this.#configurations = new FollowedObjects(resource, () => {
      this.#hooks = undefined;
    });
  }

  /** Undefined before they have been read. */
  get known(): readonly Hook[] | undefined {
    if (!this.#configurations.isCurrent) return undefined;
    this.#hooks ??= hooksOf([...this.#configurations.objects.values()]);
    return this.#hooks;
  }

  async read(): Promise<readonly Hook[]> {
    await this.#configurations.follow(this.#store, this.#kinds);
    return this.known ?? [];
  }
}

function hooksOf(configurations: readonly MutatingWebhookConfiguration[]): Hook[] {
  const sorted = [...configurations].sort((a, b) => ((a.metadata.name ?? "") < (b.metadata.name ?? "") ? -1 : 1));
  return sorted.flatMap(({ metadata, webhooks }) =>
    (webhooks ?? []).map((webhook, index) => ({
      webhook: webhook as Webhook,
      configuration: metadata.name ?? "",
      key: `${metadata.name}/${webhook.name}/${index}`,
      conditions: compileConditions(webhook.matchConditions, false),
    })),
  );
}
