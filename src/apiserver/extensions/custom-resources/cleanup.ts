import { formatTime, isReason, type JsonValue } from "../../../api/meta/index.ts";
import type { CustomResourceDefinition } from "../../../api/types/index.ts";
import { sleep } from "../../../host/index.ts";
import { itself, type KeeperOptions, writeStatus } from "../../keepers/index.ts";
import { isConditionOf, terminating, withCondition } from "./conditions.ts";

export const definitionResource = {
  group: "apiextensions.k8s.io",
  version: "v1",
  resource: "customresourcedefinitions",
} as const;
const finalizer = "customresourcecleanup.apiextensions.k8s.io";
/** Who deletes a definition may still see it on its way out. */
const releaseAfterMs = 100;
const firstLookAfterMs = 20;
const lookAgainAfterMsMax = 5_000;
/** Then the status says that objects are still there; looking goes on. */
const patienceMs = 60_000;

/** Deletes the objects of a definition that is being deleted, and lets it go when none is left. Ends early when `isOver`. */
export class InstanceCleanup {
  readonly #options: KeeperOptions;
  readonly #definition: CustomResourceDefinition;
  readonly #isOver: () => boolean;

  constructor(options: KeeperOptions, definition: CustomResourceDefinition, isOver: () => boolean) {
    this.#options = options;
    this.#definition = definition;
    this.#isOver = isOver;
  }

  async run(): Promise<void> {
    const { host } = this.#options;
    if (!isConditionOf(this.#definition, "Established")) {
      await sleep(host.clock, releaseAfterMs);
      await this.#tell(terminating.neverEstablished);
    } else {
      await this.#tell(terminating.inProgress);
      await this.#removeAll();
      await sleep(host.clock, releaseAfterMs);
      if (this.#isOver()) return;
      await this.#tell(terminating.completed);
    }
    if (!this.#isOver()) await this.#release();
  }

  async #removeAll(): Promise<void> {
    const { host } = this.#options;
    const startMs = host.clock.now();
    let pauseMs = firstLookAfterMs;
    let isLate = false;
    while (!this.#isOver()) {
      try {
        const left = await this.#removeOnce();
        if (left === 0) return;
        if (!isLate && host.clock.now() - startMs > patienceMs) {
          isLate = true;
          await this.#tell(terminating.stillThere("timed out waiting for the condition"));
        }
      } catch (error) {
        host.log.error("objects of a custom resource cannot be deleted", { name: this.#name, error: String(error) });
        await this.#tell(terminating.failed(error instanceof Error ? error.message : String(error)));
      }
      await sleep(host.clock, pauseMs);
      pauseMs = Math.min(pauseMs * 2, lookAgainAfterMsMax);
    }
  }

  /** How many are left: those that somebody's finalizer holds. */
  async #removeOnce(): Promise<number> {
    const { handler, store, kinds } = this.#options;
    const { group, names, versions } = this.#definition.spec;
    // As they are stored, they need nobody who converts them.
    const stored = versions.find(({ storage }) => storage)?.name ?? "";
    const kind = kinds.byResource(group, stored, names.plural) ?? kinds.preferred(group, names.plural);
    if (kind === undefined) return 0;
    const target = { group, version: kind.version, resource: kind.resource, user: itself };
    await handler.handle({ ...target, verb: "deletecollection", options: {} });
    return (await store.list(`${kind.storagePrefix}/`)).count();
  }

  get #name(): string {
    return this.#definition.metadata.name ?? "";
  }

  async #tell(condition: { type: string; status: string; reason: string; message: string }): Promise<void> {
    const { handler, host } = this.#options;
    try {
      const answer = await handler.handle({
        ...definitionResource,
        verb: "get",
        name: this.#name,
        options: {},
        user: itself,
      });
      if (answer.kind !== "object") return;
      const { status } = answer.object as CustomResourceDefinition;
      const conditions = withCondition(status?.conditions, condition, formatTime(host.clock.now()));
      const body = { status: { conditions: conditions.map((one) => ({ ...one })) } } as JsonValue;
      const patchType = "application/merge-patch+json";
      await writeStatus(this.#options, { ...definitionResource, name: this.#name, patchType, body, options: {} });
    } catch (error) {
      if (!isReason(error, "NotFound")) throw error;
    }
  }

  async #release(): Promise<void> {
    const { handler } = this.#options;
    const target = { ...definitionResource, name: this.#name, options: {}, user: itself };
    try {
      const answer = await handler.handle({ ...target, verb: "get" });
      if (answer.kind !== "object") return;
      const at = answer.object.metadata.finalizers?.indexOf(finalizer) ?? -1;
      if (at < 0) return;
      const path = `/metadata/finalizers/${at}`;
      const body: JsonValue = [
        { op: "test", path, value: finalizer },
        { op: "remove", path },
      ];
      await handler.handle({ ...target, verb: "patch", patchType: "application/json-patch+json", body });
    } catch (error) {
      if (!isReason(error, "NotFound")) throw error;
    }
  }
}
