/** A binary heap that knows where each key is. `compare` is negative when the first argument comes out before the second. */
export class KeyedHeap<T extends { readonly key: string }> {
  readonly #compare: (a: T, b: T) => number;
  readonly #items: T[] = [];
  readonly #positions = new Map<string, number>();

  constructor(compare: (a: T, b: T) => number) {
    this.#compare = compare;
  }

  get size(): number {
    return this.#items.length;
  }

  get(key: string): T | undefined {
    const at = this.#positions.get(key);
    return at === undefined ? undefined : this.#items[at];
  }

  /** In no order that means anything. */
  values(): readonly T[] {
    return this.#items;
  }

  /** Adds, or replaces what has the same key. */
  push(item: T): void {
    const at = this.#positions.get(item.key) ?? this.#items.length;
    this.#set(at, item);
    this.#settle(at);
  }

  peek(): T | undefined {
    return this.#items[0];
  }

  pop(): T | undefined {
    const first = this.#items[0];
    return first && this.remove(first.key);
  }

  remove(key: string): T | undefined {
    const at = this.#positions.get(key);
    if (at === undefined) return undefined;
    const removed = this.#items[at];
    const last = this.#items.pop();
    this.#positions.delete(key);
    if (last && last.key !== key) {
      this.#set(at, last);
      this.#settle(at);
    }
    return removed;
  }

  #settle(start: number): void {
    let at = start;
    for (let up = (at - 1) >> 1; at > 0 && this.#before(at, up); up = (at - 1) >> 1) {
      this.#swap(at, up);
      at = up;
    }
    for (;;) {
      let best = at;
      const child = 2 * at + 1;
      if (this.#before(child, best)) best = child;
      if (this.#before(child + 1, best)) best = child + 1;
      if (best === at) return;
      this.#swap(at, best);
      at = best;
    }
  }

  #before(a: number, b: number): boolean {
    const x = this.#items[a];
    const y = this.#items[b];
    return x !== undefined && y !== undefined && this.#compare(x, y) < 0;
  }

  #set(at: number, item: T): void {
    this.#items[at] = item;
    this.#positions.set(item.key, at);
  }

  #swap(a: number, b: number): void {
    const x = this.#items[a];
    const y = this.#items[b];
    if (!x || !y) return;
    this.#set(a, y);
    this.#set(b, x);
  }
}
