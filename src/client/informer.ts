import type { KubeObject } from "../api/meta/index.ts";
import type { ResourceType } from "./client.ts";
import type { IndexFunction, StoreView } from "./store-view.ts";

/** What an informer calls, in the order of the server's changes; it must not throw or block. */
export interface InformerHandlers<T> {
  add?(object: T, isInitial: boolean): void;
  update?(old: T, object: T): void;
  /** Gets the last known version, with the resource version of the deletion when the deletion was seen. */
  delete?(last: T): void;
}

export interface InformerOptions<T> {
  readonly namespace?: string;
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
  readonly indexers?: Readonly<Record<string, IndexFunction<T>>>;
}

/** A local, indexed view of a resource that follows the server, with handlers for what changes. */
export interface Informer<T extends KubeObject> {
  readonly type: ResourceType<T>;
  readonly store: StoreView<T>;
  /** A handler that comes late first gets `add` for every object already known. */
  addHandlers(handlers: InformerHandlers<T>): { remove(): void };
  /** Also while running: the index is then built from what is known. */
  addIndexer(name: string, index: IndexFunction<T>): void;
  hasSynced(): boolean;
  whenSynced(): Promise<void>;
  readonly lastResourceVersion: string;
}

/** Shares informers: who asks for the same resource, namespace and selectors gets the same one. */
export interface InformerFactory {
  informer<T extends KubeObject>(type: ResourceType<T>, options?: InformerOptions<T>): Informer<T>;
  /** Starts all informers asked for so far; later ones start when asked for. */
  start(): void;
  whenSynced(): Promise<void>;
  /** Ends one informer (a custom resource went away). */
  release(informer: Pick<Informer<KubeObject>, "whenSynced">): void;
  stop(): void;
}
