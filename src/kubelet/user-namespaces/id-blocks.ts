import type { Random } from "../../host/index.ts";
import type { IdRange } from "./kubelet-ids.ts";

/** Which pod has which of the node's blocks of IDs: each has one, of the same length. */
export class IdBlocks {
  readonly #range: IdRange;
  readonly #length: number;
  readonly #random: Random;
  readonly #firstByPod = new Map<string, number>();
  readonly #taken = new Set<number>();

  /** @throws Error when the range is not made of whole blocks, or too small for the node's pods */
  constructor(range: IdRange, idsPerPod: number, podsMax: number, random: Random) {
    checkRange(range, idsPerPod, podsMax);
    this.#range = range;
    this.#length = idsPerPod;
    this.#random = random;
  }

  /** The first of the pod's IDs. */
  of(uid: string): number | undefined {
    return this.#firstByPod.get(uid);
  }

  get uids(): Iterable<string> {
    return this.#firstByPod.keys();
  }

  /** Gives the pod a block; which one is left to chance, so that IDs of a former pod are not soon another's. @throws Error when none is left */
  allocate(uid: string): number {
    const blocks = this.#range.length / this.#length;
    const start = Math.floor(this.#random.next() * blocks);
    for (let step = 0; step < blocks; step++) {
      const first = this.#range.first + ((start + step) % blocks) * this.#length;
      if (this.#taken.has(first)) continue;
      this.#take(uid, first);
      return first;
    }
    throw new Error("could not find an empty slot to allocate a user namespace");
  }

  /** Notes the block that the pod is known to have. @throws Error when it cannot be the pod's */
  record(uid: string, { first, length }: IdRange): void {
    if (length !== this.#length) throw new Error(`wrong user namespace length ${length}`);
    if (first % length !== 0) throw new Error(`wrong user namespace offset specified ${first}`);
    const known = this.#firstByPod.get(uid);
    if (known === first) return;
    if (known !== undefined)
      throw new Error(`different user namespace range already used by pod ${JSON.stringify(uid)}`);
    const { first: lowest, length: all } = this.#range;
    if (first < lowest || first >= lowest + all) throw new Error(`id ${first} is out of range`);
    if (this.#taken.has(first)) throw new Error(`range picked for pod ${JSON.stringify(uid)} already taken`);
    this.#take(uid, first);
  }

  release(uid: string): void {
    const first = this.#firstByPod.get(uid);
    if (first === undefined) return;
    this.#firstByPod.delete(uid);
    this.#taken.delete(first);
  }

  #take(uid: string, first: number): void {
    this.#firstByPod.set(uid, first);
    this.#taken.add(first);
  }
}

/** Containers' own limit: they may expect so many IDs at least. */
const unit = 65_536;

function checkRange({ first, length }: IdRange, idsPerPod: number, podsMax: number): void {
  if (idsPerPod % unit !== 0 || idsPerPod === 0) {
    throw new Error(`kubelet user namespace length ${idsPerPod} is not a multiple of ${unit}`);
  }
  if (first % idsPerPod !== 0) throw new Error(`kubelet user assigned ID ${first} is not a multiple of ${idsPerPod}`);
  // The machine's own users would be pods', too.
  if (first < idsPerPod) {
    throw new Error(`kubelet user assigned ID ${first} must be greater or equal to ${idsPerPod}`);
  }
  if (length % idsPerPod !== 0) {
    throw new Error(`kubelet user assigned IDs length ${length} is not a multiple of ${idsPerPod}`);
  }
  if (length / idsPerPod < podsMax) {
    throw new Error(`kubelet user assigned IDs are not enough to support ${podsMax} pods`);
  }
}
