import { BTree } from "./b-tree.ts";
import type { StoredEntry } from "./entry.ts";
import type { Entry, Revision, Snapshot } from "./store.ts";

export type Tree = BTree<string, StoredEntry>;

export function newTree(entries: [string, StoredEntry][] = []): Tree {
  return new BTree<string, StoredEntry>(entries, compareKeys);
}

function compareKeys(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** The entries of a tree that nobody changes any more, under a prefix. */
export class TreeSnapshot implements Snapshot {
  readonly revision: Revision;
  readonly #tree: Tree;
  readonly #prefix: string;

  constructor(tree: Tree, revision: Revision, prefix: string) {
    this.#tree = tree;
    this.revision = revision;
    this.#prefix = prefix;
  }

  *entries(afterKey?: string): Generator<Entry> {
    const prefix = this.#prefix;
    for (const [key, entry] of this.#tree.entries(this.#start(afterKey), [])) {
      if (key === afterKey) continue;
      if (!key.startsWith(prefix)) return;
      yield entry;
    }
  }

  count(afterKey?: string): number {
    const last = this.#tree.maxKey();
    const start = this.#start(afterKey);
    if (last === undefined || start > last) return 0;
    const end = endOfPrefix(this.#prefix);
    if (end !== undefined && start >= end) return 0;
    const count = end === undefined ? this.#tree.forRange(start, last, true) : this.#tree.forRange(start, end, false);
    return start === afterKey && this.#tree.has(start) ? count - 1 : count;
  }

  #start(afterKey: string | undefined): string {
    return afterKey !== undefined && afterKey > this.#prefix ? afterKey : this.#prefix;
  }
}

/** The least string above all that start with the prefix; undefined when there is none. */
function endOfPrefix(prefix: string): string | undefined {
  const last = prefix.length - 1;
  if (last < 0) return undefined;
  const code = prefix.charCodeAt(last);
  return code === 0xffff ? endOfPrefix(prefix.slice(0, last)) : prefix.slice(0, last) + String.fromCharCode(code + 1);
}
