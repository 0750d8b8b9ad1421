import { groupResourceString, type KubeObject, keyOf, keyString } from "../api/meta/index.ts";
import type { Host } from "../host/index.ts";
import type { Client, ResourceType } from "./client.ts";
import { IndexedStore } from "./indexed-store.ts";
import type { Informer, InformerFactory, InformerHandlers, InformerOptions } from "./informer.ts";
import { Reflector } from "./reflector.ts";
import type { IndexFunction, StoreView } from "./store-view.ts";

/** Makes the factory that shares informers among the components of one client. */
export function createInformerFactory(client: Pick<Client, "resource">, host: Host): InformerFactory {
  return new SharedInformers(client, host);
}

class SharedInformers implements InformerFactory {
  readonly #client: Pick<Client, "resource">;
  readonly #host: Host;
  readonly #informers = new Map<string, AnyInformer>();
  #started = false;

  constructor(client: Pick<Client, "resource">, host: Host) {
    this.#client = client;
    this.#host = host;
  }

  informer<T extends KubeObject>(type: ResourceType<T>, options: InformerOptions<T> = {}): Informer<T> {
    const id = scopeId(type, options);
    // One id is one resource: the informer found is of the type that is asked for.
    let informer = this.#informers.get(id) as SharedInformer<T> | undefined;
    if (informer === undefined) {
      informer = new SharedInformer(this.#client, this.#host, type, options);
      this.#informers.set(id, informer);
      if (this.#started) informer.start();
    }
    for (const [name, index] of Object.entries(options.indexers ?? {})) informer.addIndexer(name, index);
    return informer;
  }

  start(): void {
    if (this.#started) return;
    this.#started = true;
    for (const informer of this.#informers.values()) informer.start();
  }

  async whenSynced(): Promise<void> {
    await Promise.all([...this.#informers.values()].map((informer) => informer.whenSynced()));
  }

  release(informer: Pick<AnyInformer, "whenSynced">): void {
    for (const [id, known] of this.#informers) {
      if (known !== informer) continue;
      this.#informers.delete(id);
      known.stop();
    }
  }

  stop(): void {
    this.#started = false;
    for (const informer of this.#informers.values()) informer.stop();
    this.#informers.clear();
  }
}

interface AnyInformer {
  start(): void;
  stop(): void;
  whenSynced(): Promise<void>;
}

function scopeId(type: ResourceType, options: { namespace?: string; labelSelector?: string; fieldSelector?: string }) {
  const { namespace = "", labelSelector = "", fieldSelector = "" } = options;
  return [type.group, type.version, type.resource, namespace, labelSelector, fieldSelector].join("\n");
}

class SharedInformer<T extends KubeObject> implements Informer<T>, AnyInformer {
  readonly type: ResourceType<T>;
  readonly #store = new IndexedStore<T>();
  readonly #reflector: Reflector<T>;
  readonly #log: Host["log"];
  /** Replaced, not changed, so that a handler may add or remove handlers. */
  #handlers: readonly InformerHandlers<T>[] = [];
  #synced = false;
  readonly #whenSynced = Promise.withResolvers<void>();

  constructor(client: Pick<Client, "resource">, host: Host, type: ResourceType<T>, options: InformerOptions<T>) {
    this.type = type;
    const { namespace, labelSelector, fieldSelector } = options;
    const name = groupResourceString(type);
    this.#log = host.log.with({ informer: name });
    this.#reflector = new Reflector({
      name,
      host,
      reader: client.resource(type),
      scope: { namespace, labelSelector, fieldSelector },
      sink: {
        replace: (items) => this.#replace(items),
        change: (change, object) => this.#change(change, object),
      },
    });
  }

  get store(): StoreView<T> {
    return this.#store;
  }

  get lastResourceVersion(): string {
    return this.#reflector.lastResourceVersion;
  }

  addHandlers(handlers: InformerHandlers<T>): { remove(): void } {
    this.#handlers = [...this.#handlers, handlers];
    if (handlers.add !== undefined) {
      for (const object of this.#store.list()) this.#guarded(() => handlers.add?.(object, true));
    }
    return {
      remove: () => {
        this.#handlers = this.#handlers.filter((other) => other !== handlers);
      },
    };
  }

  addIndexer(name: string, index: IndexFunction<T>): void {
    this.#store.addIndexer(name, index);
  }

  hasSynced(): boolean {
    return this.#synced;
  }

  whenSynced(): Promise<void> {
    return this.#whenSynced.promise;
  }

  start(): void {
    this.#reflector.start();
  }

  stop(): void {
    this.#reflector.stop();
  }

  #replace(items: readonly T[]): void {
    const initial = !this.#synced;
    const gone = new Set(this.#store.keys());
    for (const object of items) {
      const key = keyString(keyOf(object));
      gone.delete(key);
      this.#put(key, object, initial);
    }
    for (const key of gone) this.#remove(key);
    this.#synced = true;
    this.#whenSynced.resolve();
  }

  #change(type: "ADDED" | "MODIFIED" | "DELETED", object: T): void {
    const key = keyString(keyOf(object));
    if (type === "DELETED") this.#remove(key, object);
    else this.#put(key, object, false);
  }

  #put(key: string, object: T, initial: boolean): void {
    const old = this.#store.get(key);
    if (old !== undefined && old.metadata.uid !== object.metadata.uid) {
      // Deleted and made again in a gap of the watch: two objects, whatever their name.
      this.#remove(key);
      this.#put(key, object, initial);
      return;
    }
    if (old !== undefined && old.metadata.resourceVersion === object.metadata.resourceVersion) return;
    this.#store.set(key, object);
    for (const handlers of this.#handlers) {
      if (old === undefined) this.#guarded(() => handlers.add?.(object, initial));
      else this.#guarded(() => handlers.update?.(old, object));
    }
  }

  #remove(key: string, last = this.#store.get(key)): void {
    this.#store.delete(key);
    if (last === undefined) return;
    for (const handlers of this.#handlers) this.#guarded(() => handlers.delete?.(last));
  }

  /** A handler that throws is a bug of its owner: it is reported and must not starve the others. */
  #guarded(call: () => void): void {
    try {
      call();
    } catch (error) {
      this.#log.error("a handler failed", { error: error instanceof Error ? (error.stack ?? error.message) : error });
    }
  }
}
