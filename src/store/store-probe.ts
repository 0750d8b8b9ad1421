// What tests write into stores, and how they look at what is there.
import type { KubeObject } from "../api/meta/index.ts";
import type { Entry, Operation, Revision, Store, StoreEvent } from "./index.ts";

export function draft(name: string, data = ""): KubeObject & { data: string } {
  return { apiVersion: "v1", kind: "Thing", metadata: { name }, data };
}

export function put(key: string, data = "", ttlSeconds?: number): Operation {
  return { type: "put", key, object: draft(key, data), ttlSeconds };
}

export function remove(key: string): Operation {
  return { type: "delete", key };
}

export function dataOf(entry: Entry | undefined): unknown {
  return (entry?.object as { data?: unknown } | undefined)?.data;
}

/** Commits operations without compares and fails when they were refused. */
export async function write(store: Store, ...operations: Operation[]): Promise<Revision> {
  const result = await store.commit({ compare: [], operations });
  if (!result.committed) throw new Error("refused");
  return result.revision;
}

export class RecordingSink {
  readonly batches: (readonly StoreEvent[])[] = [];
  readonly ends: Error[] = [];
  #wakeUps: (() => void)[] = [];

  get all(): StoreEvent[] {
    return this.batches.flat();
  }

  get lines(): string[] {
    return this.all.map(lineOf);
  }

  events(batch: readonly StoreEvent[]): void {
    this.batches.push(batch);
    for (const wakeUp of this.#wakeUps.splice(0)) wakeUp();
  }

  closed(why: Error): void {
    this.ends.push(why);
  }

  /** Resolves when there are that many events. */
  async reaches(count: number): Promise<void> {
    while (this.all.length < count) await new Promise<void>((resolve) => this.#wakeUps.push(resolve));
  }
}

export function lineOf({ type, key, revision, entry, previous }: StoreEvent): string {
  return `${revision} ${type} ${key} ${dataOf(entry)} ${entry.object.metadata.resourceVersion} was ${previous?.revision ?? 0}`;
}

export type State = Record<string, unknown>;

export async function contentOf(store: Store, prefix: string, at?: Revision): Promise<State> {
  return stateOf((await store.list(prefix, at)).entries());
}

export function stateOf(entries: Iterable<Entry>): State {
  return Object.fromEntries(Array.from(entries, (entry) => [entry.key, dataOf(entry)]));
}

export function keysOf(entries: Iterable<Entry>): string[] {
  return Array.from(entries, (entry) => entry.key);
}
