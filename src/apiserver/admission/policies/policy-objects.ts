import type { KindRegistry } from "../../../api/kinds/index.ts";
import type { KubeObject } from "../../../api/meta/index.ts";
import type { Store, Subscription } from "../../../store/index.ts";

/** The policies of one kind and their bindings as they are stored. They are read with the first request and then followed. */
export class PolicyObjects<P extends KubeObject, B extends KubeObject & { spec: { policyName?: string } }> {
  readonly #store: Store;
  readonly #kinds: KindRegistry;
  readonly #policies: FollowedObjects<P>;
  readonly #bindings: FollowedObjects<B>;
  #hooks: readonly { readonly policy: P; readonly bindings: readonly B[] }[] | undefined;

  /** @param resource of the policies, `validatingadmissionpolicies` */
  constructor(store: Store, kinds: KindRegistry, resource: string) {
    this.#store = store;
    this.#kinds = kinds;
    const changed = () => {
      this.#hooks = undefined;
    };
    this.#policies = new FollowedObjects<P>(resource, changed);
    this.#bindings = new FollowedObjects<B>(resource.replace(/ies$/, "ybindings"), changed);
  }

  /** False only when it is known that there are no policies with bindings. */
  get mayHaveAny(): boolean {
    if (!this.#policies.isCurrent || !this.#bindings.isCurrent) return true;
    return this.#policies.objects.size > 0 && this.#bindings.objects.size > 0;
  }

  /** The policies that have bindings, by name. */
  async hooks(): Promise<readonly { readonly policy: P; readonly bindings: readonly B[] }[]> {
    await Promise.all([
      this.#policies.follow(this.#store, this.#kinds),
      this.#bindings.follow(this.#store, this.#kinds),
    ]);
    this.#hooks ??= this.#joined();
    return this.#hooks;
  }

  #joined() {
    const byPolicy = new Map<string, B[]>();
    for (const binding of sorted(this.#bindings.objects.values())) {
      const name = binding.spec.policyName ?? "";
      const all = byPolicy.get(name);
      if (all === undefined) byPolicy.set(name, [binding]);
      else all.push(binding);
    }
    return sorted(this.#policies.objects.values()).flatMap((policy) => {
      const bindings = byPolicy.get(policy.metadata.name ?? "");
      return bindings === undefined ? [] : [{ policy, bindings }];
    });
  }
}

function sorted<T extends KubeObject>(objects: Iterable<T>): T[] {
  return [...objects].sort((a, b) => ((a.metadata.name ?? "") < (b.metadata.name ?? "") ? -1 : 1));
}

/** The objects of one resource of admissionregistration.k8s.io. When the store ends the watch they are read anew with the next request. */
export class FollowedObjects<T extends KubeObject> {
  readonly objects = new Map<string, T>();
  readonly #resource: string;
  readonly #changed: () => void;
  #subscription: Subscription | undefined;
  #starting: Promise<void> | undefined;

  constructor(resource: string, changed: () => void) {
    this.#resource = resource;
    this.#changed = changed;
  }

  get isCurrent(): boolean {
    return this.#subscription !== undefined;
  }

  async follow(store: Store, kinds: KindRegistry): Promise<void> {
    if (this.isCurrent) return;
    this.#starting ??= this.#start(store, kinds).finally(() => {
      this.#starting = undefined;
    });
    await this.#starting;
  }

  async #start(store: Store, kinds: KindRegistry): Promise<void> {
    const kind = kinds.preferred("admissionregistration.k8s.io", this.#resource);
    if (kind === undefined) return;
    const prefix = `${kind.storagePrefix}/`;
    const snapshot = await store.list(prefix);
    this.objects.clear();
    for (const { key, object } of snapshot.entries()) this.objects.set(key, object as T); // what is stored has been validated
    this.#changed();
    this.#subscription = store.watch(prefix, snapshot.revision, {
      events: (batch) => {
        for (const { type, key, entry } of batch) {
          if (type === "delete") this.objects.delete(key);
          else this.objects.set(key, entry.object as T);
        }
        this.#changed();
      },
      closed: () => {
        this.#subscription = undefined;
      },
    });
  }
}

const policyResources: ReadonlySet<string> = new Set([
  "mutatingadmissionpolicies",
  "mutatingadmissionpolicybindings",
  "validatingadmissionpolicies",
  "validatingadmissionpolicybindings",
]);

/** What says who is asked is not subject to it: otherwise nobody could repair it. Webhooks are never asked about these. */
export function isExemptConfiguration(kind: { readonly group: string; readonly resource: string }): boolean {
  if (kind.group !== "admissionregistration.k8s.io") return false;
  return isPolicy(kind) || kind.resource.endsWith("webhookconfigurations");
}

/** Policies are not subject to policies: otherwise nobody could repair them. */
export function isPolicy({ group, resource }: { readonly group: string; readonly resource: string }): boolean {
  return group === "admissionregistration.k8s.io" && policyResources.has(resource);
}
