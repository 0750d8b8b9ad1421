import type { NodeInfo } from "./node-info.ts";

/** The domain of a node that lacks the label. */
export const noDomain = -1;

/**
 * The domains that the values of one label make, as small numbers, and each node's: what counts pods by domain looks up
 * an array instead of a text. A number is given again once no node is left in its domain.
 */
export class Topology {
  readonly key: string;
  /** By node index. */
  #domainOf = new Int32Array(0);
  readonly #ids = new Map<string, number>();
  readonly #values: string[] = [];
  readonly #nodesIn: number[] = [];
  readonly #free: number[] = [];
  /** By domain (and none): the last round of `distinct` that saw it. */
  #seen = new Int32Array(0);
  #round = 0;

  constructor(key: string) {
    this.key = key;
  }

  domainOf(node: NodeInfo): number {
    return this.#domainOf[node.index] ?? noDomain;
  }

  /** In how many domains the nodes are; to be in none counts as one. */
  distinct(nodes: readonly NodeInfo[]): number {
    this.#round++;
    if (this.#seen.length <= this.#nodesIn.length) this.#seen = grown(this.#seen, this.#nodesIn.length);
    let count = 0;
    for (const node of nodes) {
      const place = this.domainOf(node) + 1;
      if (this.#seen[place] === this.#round) continue;
      this.#seen[place] = this.#round;
      count++;
    }
    return count;
  }

  /** The node is new, or its labels changed, or (without `node.node`) it is gone. */
  place(node: NodeInfo): void {
    if (node.index >= this.#domainOf.length) this.#domainOf = grown(this.#domainOf, node.index, noDomain);
    this.#leave(this.domainOf(node));
    const value = node.node === undefined ? undefined : node.labels[this.key];
    this.#domainOf[node.index] = value === undefined ? noDomain : this.#enter(value);
  }

  #enter(value: string): number {
    const id = this.#ids.get(value) ?? this.#free.pop() ?? this.#nodesIn.length;
    this.#ids.set(value, id);
    this.#values[id] = value;
    this.#nodesIn[id] = (this.#nodesIn[id] ?? 0) + 1;
    return id;
  }

  #leave(id: number): void {
    if (id === noDomain) return;
    const left = (this.#nodesIn[id] ?? 0) - 1;
    this.#nodesIn[id] = left;
    if (left > 0) return;
    this.#ids.delete(this.#values[id] ?? "");
    this.#free.push(id);
  }
}

/** A copy of the array with room for the index, filled up with a value. */
export function grown<T extends Int32Array | Uint8Array>(array: T, index: number, fill = 0): T {
  const length = Math.max(64, 2 ** Math.ceil(Math.log2(index + 1)));
  // The constructor of an array makes one of its kind.
  const larger = new (array.constructor as new (length: number) => T)(length);
  if (fill !== 0) larger.fill(fill);
  larger.set(array);
  return larger;
}
