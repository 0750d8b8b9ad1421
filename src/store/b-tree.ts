import SortedBTree from "sorted-btree";

type BTreeClass = typeof SortedBTree.default;

// The package is CommonJS. Node hands over its exports with the class as `default`; bundlers hand over the class itself,
// which the typings do not know.
const imported = SortedBTree as { default?: BTreeClass };

/** A B+ tree whose clones share what is not changed. */
export const BTree: BTreeClass = imported.default ?? (SortedBTree as unknown as BTreeClass);
export type BTree<K, V> = SortedBTree.default<K, V>;
