/** A key and its value in a bucket; keys of a bucket are given in rising order. */
export interface BoltPair {
  readonly key: Buffer;
  readonly value: Buffer;
}

// The layout of bbolt's files, little endian: pages of 4 KiB, two meta pages first, then an empty list of free pages, then
// B+trees of leaf and branch pages, one for each bucket and one that holds the buckets.
const pageBytes = 4096;
const pageHeaderBytes = 16;
const elementBytes = 16;
const flags = { branch: 0x01, leaf: 0x02, meta: 0x04, freelist: 0x10 } as const;
const bucketFlag = 1;
const magic = 0xed0cdaed;
const version = 2;
const firstTreePage = 3;

interface Element extends BoltPair {
  readonly flags: number;
}

interface Child {
  readonly key: Buffer;
  readonly page: number;
}

/** The bytes of a database file with these buckets, page by page (a page may be longer than 4 KiB). */
export function boltFile(buckets: Readonly<Record<string, readonly BoltPair[]>>): Buffer[] {
  const pages = new Pages();
  const roots = Object.entries(buckets)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, pairs]): Element => {
      const root = pages.tree(pairs.map((pair) => ({ ...pair, flags: 0 })));
      return { key: Buffer.from(name), value: bucketHeader(root), flags: bucketFlag };
    });
  const root = pages.tree(roots);
  const meta = (id: number) => metaPage(id, root, pages.count);
  return [meta(0), meta(1), page(2, flags.freelist, 0, Buffer.alloc(0)), ...pages.list];
}

class Pages {
  readonly list: Buffer[] = [];
  /** Numbers of 4 KiB pages used so far. */
  count = firstTreePage;

  /** The page of the root. */
  tree(elements: readonly Element[]): number {
    let level = this.#leaves(elements);
    while (level.length > 1) level = this.#branches(level);
    return level[0]?.page ?? 0;
  }

  #leaves(elements: readonly Element[]): Child[] {
    const groups = grouped(elements, ({ key, value }) => key.length + value.length);
    return groups.map((group) => {
      const body = elementsOf(
        group.map(({ key, value, flags: own }) => ({ own, key, value })),
        (view, at, element, pos) => {
          view.writeUInt32LE(element.own, at);
          view.writeUInt32LE(pos, at + 4);
          view.writeUInt32LE(element.key.length, at + 8);
          view.writeUInt32LE(element.value.length, at + 12);
        },
      );
      return { key: group[0]?.key ?? Buffer.alloc(0), page: this.#add(flags.leaf, group.length, body) };
    });
  }

  #branches(children: readonly Child[]): Child[] {
    return grouped(children, ({ key }) => key.length).map((group) => {
      const elements = group.map(({ key, page: child }) => ({ key, value: Buffer.alloc(0), child }));
      const body = elementsOf(elements, (view, at, element, pos) => {
        view.writeUInt32LE(pos, at);
        view.writeUInt32LE(element.key.length, at + 4);
        view.writeBigUInt64LE(BigInt(element.child), at + 8);
      });
      return { key: group[0]?.key ?? Buffer.alloc(0), page: this.#add(flags.branch, group.length, body) };
    });
  }

  #add(kind: number, count: number, body: Buffer): number {
    const id = this.count;
    const bytes = page(id, kind, count, body);
    this.list.push(bytes);
    this.count += bytes.length / pageBytes;
    return id;
  }
}

/** As many as a page holds; one that is larger has a page of its own. An empty tree is one empty page. */
function grouped<T>(items: readonly T[], sizeOf: (item: T) => number): T[][] {
  const groups: T[][] = [];
  let group: T[] = [];
  let bytes = pageHeaderBytes;
  for (const item of items) {
    const size = elementBytes + sizeOf(item);
    if (group.length > 0 && bytes + size > pageBytes) {
      groups.push(group);
      group = [];
      bytes = pageHeaderBytes;
    }
    group.push(item);
    bytes += size;
  }
  groups.push(group);
  return groups;
}

/** All elements' heads, then their keys and values; a head tells the distance from itself to its key. */
function elementsOf<T extends BoltPair>(
  elements: readonly T[],
  write: (view: Buffer, at: number, element: T, pos: number) => void,
): Buffer {
  const heads = Buffer.alloc(elements.length * elementBytes);
  let data = heads.length;
  elements.forEach((element, i) => {
    write(heads, i * elementBytes, element, data - i * elementBytes);
    data += element.key.length + element.value.length;
  });
  return Buffer.concat([heads, ...elements.flatMap(({ key, value }) => [key, value])]);
}

function page(id: number, kind: number, count: number, body: Buffer): Buffer {
  const pages = Math.ceil((pageHeaderBytes + body.length) / pageBytes);
  const bytes = Buffer.alloc(pages * pageBytes);
  bytes.writeBigUInt64LE(BigInt(id), 0);
  bytes.writeUInt16LE(kind, 8);
  bytes.writeUInt16LE(count, 10);
  bytes.writeUInt32LE(pages - 1, 12);
  body.copy(bytes, pageHeaderBytes);
  return bytes;
}

function bucketHeader(root: number): Buffer {
  const header = Buffer.alloc(16);
  header.writeBigUInt64LE(BigInt(root), 0);
  return header;
}

function metaPage(id: number, root: number, pagesCount: number): Buffer {
  const body = Buffer.alloc(64);
  body.writeUInt32LE(magic, 0);
  body.writeUInt32LE(version, 4);
  body.writeUInt32LE(pageBytes, 8);
  bucketHeader(root).copy(body, 16);
  body.writeBigUInt64LE(2n, 32); // the list of free pages
  body.writeBigUInt64LE(BigInt(pagesCount), 40);
  body.writeBigUInt64LE(BigInt(id), 48); // the transaction: the later of the two counts
  body.writeBigUInt64LE(fnv1a(body.subarray(0, 56)), 56);
  return page(id, flags.meta, 0, body);
}

function fnv1a(bytes: Buffer): bigint {
  let hash = 0xcbf29ce484222325n;
  for (const byte of bytes) hash = BigInt.asUintN(64, (hash ^ BigInt(byte)) * 0x100000001b3n);
  return hash;
}
