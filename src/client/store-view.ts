import type { KubeObject } from "../api/meta/index.ts";

/** Gives the index values of an object; an object with none is not in the index. */
export type IndexFunction<T> = (object: T) => readonly string[];

/** The latest known objects of an informer. They are the server's own immutable objects: never change them. */
export interface StoreView<T extends KubeObject> {
  /** By `namespace/name`, or `name` of a cluster-scoped object. */
  get(key: string): T | undefined;
  list(): T[];
  keys(): Iterable<string>;
  values(): Iterable<T>;
  readonly size: number;
  /** Throws when the informer has no such index. */
  byIndex(index: string, value: string): T[];
  /** How many objects `byIndex` would give, without collecting them. */
  countByIndex(index: string, value: string): number;
  /** Every value that some object has in this index. */
  indexValues(index: string): Iterable<string>;
}
