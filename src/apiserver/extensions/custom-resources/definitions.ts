import type { ResourceKind } from "../../../api/kinds/index.ts";
import { deepEqual, formatTime, type JsonValue, type KubeObject } from "../../../api/meta/index.ts";
import type { CustomResourceDefinition } from "../../../api/types/index.ts";
import type { Timer } from "../../../host/index.ts";
import { Followed } from "../../followed.ts";
import { type Keeper, type KeeperOptions, writeStatus } from "../../keepers/index.ts";
import { definitionResource, InstanceCleanup } from "./cleanup.ts";
import { isConditionOf, takenNames, wantedStatus } from "./conditions.ts";
import { ServedDefinition } from "./served-definition.ts";

/** After a status could not be written, or objects could not be deleted. */
const retryMs = 1_000;

export interface CustomResourceOptions extends KeeperOptions {
  /** Whether other API servers write to the same store. */
  readonly sharedStore?: boolean;
}

/**
 * Serves what definitions of custom resources say: accepts their names, establishes them, puts their kinds into the
 * registry and takes them out, and deletes their objects before they go.
 */
export async function serveCustomResources(options: CustomResourceOptions): Promise<Keeper> {
  const { store, kinds } = options;
  const { group, version, resource } = definitionResource;
  const kind = kinds.byResource(group, version, resource);
  if (kind === undefined) return { close() {} };
  const server = new DefinitionServer(options, `${kind.storagePrefix}/`);
  await server.start();
  options.host.log.debug("custom resources are served", { revision: store.revision });
  return server;
}

class DefinitionServer implements Keeper {
  readonly #options: CustomResourceOptions;
  readonly #definitions: Followed;
  readonly #served = new Map<string, ServedDefinition>();
  readonly #ending = new Set<string>();
  /** Names of definitions whose status may have to be written, in order. */
  readonly #dirty = new Set<string>();
  readonly #retries = new Set<Timer>();
  #isWriting = false;
  #closed = false;

  constructor(options: CustomResourceOptions, prefix: string) {
    this.#options = options;
    this.#definitions = new Followed(options.store, prefix, options.host, (key, object) =>
      this.#changed(key.slice(prefix.length), object as CustomResourceDefinition | undefined),
    );
  }

  async start(): Promise<void> {
    await this.#definitions.start();
  }

  close(): void {
    this.#closed = true;
    for (const timer of this.#retries) timer.cancel();
    this.#definitions.close();
  }

  #definition(name: string): CustomResourceDefinition | undefined {
    return this.#definitions.get(name) as CustomResourceDefinition | undefined;
  }

  #all(): Iterable<CustomResourceDefinition> {
    return this.#definitions.values() as IterableIterator<KubeObject> as Iterable<CustomResourceDefinition>;
  }

  #changed(name: string, definition: CustomResourceDefinition | undefined): void {
    if (definition === undefined) {
      const gone = this.#served.get(name);
      this.#served.delete(name);
      if (gone !== undefined) this.#options.kinds.change({ remove: gone.kinds });
      // Names that it had are free for those that wait for them.
      for (const { metadata } of this.#all()) if (metadata.name) this.#check(metadata.name);
      return;
    }
    this.#serve(name, definition);
    this.#check(name);
    if (definition.metadata.deletionTimestamp !== undefined) this.#end(name, definition);
  }

  #serve(name: string, definition: CustomResourceDefinition): void {
    const { kinds, store, sharedStore, host } = this.#options;
    const known = this.#served.get(name);
    if (!isConditionOf(definition, "Established")) {
      this.#served.delete(name);
      if (known !== undefined) kinds.change({ remove: known.kinds });
      return;
    }
    if (known?.isOf(definition)) {
      if (known.follow(definition)) kinds.change({ add: known.kinds });
      return;
    }
    try {
      const served = new ServedDefinition(definition, sharedStore ? undefined : store.revision);
      this.#served.set(name, served);
      kinds.change({ remove: known?.kinds ?? [], add: served.kinds.filter((kind) => this.#mayServe(kind, known)) });
    } catch (error) {
      host.log.error("a custom resource cannot be served", { name, error: String(error) });
    }
  }

  /** What the server itself has is never replaced. */
  #mayServe(kind: ResourceKind, known: ServedDefinition | undefined): boolean {
    const present = this.#options.kinds.byResource(kind.group, kind.version, kind.resource);
    return present === undefined || present.decode !== undefined || (known?.kinds.includes(present) ?? false);
  }

  /** One status after the other: what one definition gets, another one is refused. */
  #check(name: string): void {
    this.#dirty.add(name);
    if (this.#isWriting) return;
    this.#isWriting = true;
    void this.#writeStatuses();
  }

  async #writeStatuses(): Promise<void> {
    for (;;) {
      const [name] = this.#dirty;
      if (name === undefined || this.#closed) break;
      this.#dirty.delete(name);
      await this.#writeStatus(name);
    }
    this.#isWriting = false;
  }

  async #writeStatus(name: string): Promise<void> {
    const definition = this.#definition(name);
    if (definition === undefined || definition.metadata.deletionTimestamp !== undefined) return;
    const taken = takenNames(this.#all(), definition.spec.group);
    const wanted = wantedStatus(definition, taken, formatTime(this.#options.host.clock.now()));
    const { acceptedNames, conditions } = definition.status ?? {};
    if (deepEqual(wanted.acceptedNames, acceptedNames) && deepEqual(wanted.conditions, conditions ?? [])) return;
    const left = Object.keys(acceptedNames ?? {}).filter((field) => !(field in (wanted.acceptedNames ?? {})));
    const names = { ...wanted.acceptedNames, ...Object.fromEntries(left.map((field) => [field, null])) };
    const body = { status: { acceptedNames: names, conditions: wanted.conditions } } as unknown as JsonValue;
    const patchType = "application/merge-patch+json";
    // The body is the server's from here on, the conditions are not.
    await writeStatus(this.#options, {
      ...definitionResource,
      name,
      patchType,
      body: structuredClone(body),
      options: {},
    });
    // Nothing came of it: somebody else's change is told, a store that failed is not.
    if (this.#definition(name) === definition) this.#later(() => this.#check(name));
  }

  #later(run: () => void): void {
    if (this.#closed) return;
    const timer = this.#options.host.clock.setTimer(retryMs, () => {
      this.#retries.delete(timer);
      run();
    });
    this.#retries.add(timer);
  }

  #end(name: string, definition: CustomResourceDefinition): void {
    const id = `${name}/${definition.metadata.uid}`;
    if (this.#ending.has(id)) return;
    this.#ending.add(id);
    const isOver = (): boolean => this.#closed || this.#definition(name)?.metadata.uid !== definition.metadata.uid;
    const cleanup = new InstanceCleanup(this.#options, definition, isOver);
    void cleanup
      .run()
      .catch((error: unknown) => {
        if (this.#closed) return;
        this.#options.host.log.error("a definition cannot be let go", { name, error: String(error) });
        this.#later(() => {
          const present = this.#definition(name);
          if (present && present.metadata.uid === definition.metadata.uid) this.#end(name, present);
        });
      })
      .finally(() => this.#ending.delete(id));
  }
}
