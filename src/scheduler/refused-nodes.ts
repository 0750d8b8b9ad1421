import type { Rejection } from "./framework.ts";
import type { NodeInfo } from "./node-info.ts";

/**
 * Why nodes were refused, by their names. Large clusters refuse thousands of nodes for one pod, and who reads it mostly goes
 * through all of them: so they are kept as two lists, and a map is made only for who asks by name.
 */
export class RefusedNodes implements ReadonlyMap<string, Rejection> {
  readonly nodes: readonly NodeInfo[];
  /** Of the nodes, in their order. */
  readonly rejections: readonly Rejection[];
  #counts: ReadonlyMap<Rejection, number> | undefined;
  #byName: ReadonlyMap<string, Rejection> | undefined;

  constructor(nodes: readonly NodeInfo[], rejections: readonly Rejection[]) {
    this.nodes = nodes;
    this.rejections = rejections;
  }

  /** How many nodes each refusal was told of: mostly few are shared by many. */
  get counts(): ReadonlyMap<Rejection, number> {
    this.#counts ??= countEach(this.rejections);
    return this.#counts;
  }

  get size(): number {
    return this.nodes.length;
  }

  /** Looks through the list: who asks for one name does not need the map. */
  get(name: string): Rejection | undefined {
    if (this.#byName) return this.#byName.get(name);
    const at = this.nodes.findIndex((node) => node.name === name);
    return at === -1 ? undefined : this.rejections[at];
  }

  has(name: string): boolean {
    return this.get(name) !== undefined;
  }

  forEach(visit: (rejection: Rejection, name: string, map: ReadonlyMap<string, Rejection>) => void): void {
    for (const [name, rejection] of this) visit(rejection, name, this);
  }

  *entries(): MapIterator<[string, Rejection]> {
    yield* this.#map();
  }

  keys(): MapIterator<string> {
    return this.#map().keys();
  }

  values(): MapIterator<Rejection> {
    return this.rejections.values();
  }

  [Symbol.iterator](): MapIterator<[string, Rejection]> {
    return this.entries();
  }

  #map(): ReadonlyMap<string, Rejection> {
    this.#byName ??= new Map(
      this.nodes.flatMap(({ name }, i) => {
        const rejection = this.rejections[i];
        return rejection ? [[name, rejection] as const] : [];
      }),
    );
    return this.#byName;
  }
}

function countEach(rejections: readonly Rejection[]): ReadonlyMap<Rejection, number> {
  const counts = new Map<Rejection, number>();
  let from = 0;
  for (let i = 1; i <= rejections.length; i++) {
    const rejection = rejections[from];
    if (rejection === undefined || rejections[i] === rejection) continue;
    counts.set(rejection, (counts.get(rejection) ?? 0) + i - from);
    from = i;
  }
  return counts;
}

/** How many nodes each refusal was told of. */
export function refusalCounts(nodes: ReadonlyMap<string, Rejection>): ReadonlyMap<Rejection, number> {
  return nodes instanceof RefusedNodes ? nodes.counts : countEach([...nodes.values()]);
}
