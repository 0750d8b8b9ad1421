import { closeSync, fstatSync, openSync, readSync } from "node:fs";
import { StoreError } from "./store.ts";

// Every page begins with its number, a transaction, padding, flags, and where its free space begins and ends.
const headerBytes = 24;
const flagsAt = 18;
const lowerAt = 20;
const branchFlag = 0x01;
const leafFlag = 0x02;
/** A node is size or page number (4 bytes), flags, length of the key, then key and data. */
const nodeBytes = 8;
const bigDataFlag = 0x01;
const databaseFlag = 0x02;
// Where the pages that describe the file (0 and 1) hold what; roots of the free list and of the main tree.
const magicAt = 24;
const magic = 0xbeefc0de;
const pageSizeAt = 48;
const rootsAt = [88, 136] as const;
const transactionAt = 152;
/** Where the description of a tree, itself the value of a node, has its root. */
const rootInDatabase = 40;
const noPage = 0xffff_ffff_ffff_ffffn;
/** A tree of more levels than this has a loop. */
const depthMax = 32;

/**
 * Walks the trees of an LMDB file and makes sure that all of it is there and leads nowhere else: the native code maps
 * the file and ends the whole process where it does not. What values say is not looked at.
 * @throws StoreError
 */
export function checkTrees(path: string): void {
  const file = openSync(path, "r");
  try {
    new FileWalk(path, file).run();
  } finally {
    closeSync(file);
  }
}

class FileWalk {
  readonly #path: string;
  readonly #file: number;
  readonly #bytes: number;
  #pageBytes = 0;
  #pages = 0n;

  constructor(path: string, file: number) {
    this.#path = path;
    this.#file = file;
    this.#bytes = fstatSync(file).size;
  }

  run(): void {
    const first = this.#read(0, headerBytes * 8);
    if (first.readUInt32LE(magicAt) !== magic) return; // made by a machine of the other byte order
    this.#pageBytes = first.readUInt32LE(pageSizeAt);
    if (this.#pageBytes < 512 || this.#pageBytes > 65_536) this.#damaged(0n);
    this.#pages = BigInt(Math.floor(this.#bytes / this.#pageBytes));
    const second = this.#read(this.#pageBytes, headerBytes * 8);
    if (second.readUInt32LE(magicAt) !== magic) this.#damaged(1n);
    const isSecond = second.readBigUInt64LE(transactionAt) > first.readBigUInt64LE(transactionAt);
    const newest = isSecond ? second : first;
    for (const at of rootsAt) this.#tree(newest.readBigUInt64LE(at), 0);
  }

  #tree(page: bigint, depth: number): void {
    if (page === noPage) return;
    if (page < 2n || page >= this.#pages || depth > depthMax) this.#damaged(page);
    const bytes = this.#read(Number(page) * this.#pageBytes, this.#pageBytes);
    const flags = bytes.readUInt16LE(flagsAt);
    const isLeaf = (flags & leafFlag) !== 0;
    if (bytes.readBigUInt64LE(0) !== page || isLeaf === ((flags & branchFlag) !== 0)) this.#damaged(page);
    const count = bytes.readUInt16LE(lowerAt) >> 1;
    if (headerBytes + count * 2 > this.#pageBytes) this.#damaged(page);
    for (let i = 0; i < count; i++) {
      const at = headerBytes + bytes.readUInt16LE(headerBytes + i * 2);
      if (at + nodeBytes > this.#pageBytes) this.#damaged(page);
      if (isLeaf) this.#leafNode(bytes, at, page, depth);
      else {
        const low = BigInt(bytes.readUInt32LE(at));
        this.#tree(low | (BigInt(bytes.readUInt16LE(at + 4)) << 32n), depth + 1);
      }
    }
  }

  #leafNode(bytes: Buffer, at: number, page: bigint, depth: number): void {
    const flags = bytes.readUInt16LE(at + 4);
    const data = at + nodeBytes + bytes.readUInt16LE(at + 6);
    const isBig = (flags & bigDataFlag) !== 0;
    const size = isBig ? headerBytes : bytes.readUInt32LE(at);
    if (data + size > this.#pageBytes) this.#damaged(page);
    if (isBig) {
      const first = bytes.readBigUInt64LE(data);
      const length = BigInt(Math.ceil((bytes.readUInt32LE(at) + headerBytes) / this.#pageBytes));
      if (first < 2n || first + length > this.#pages) this.#damaged(first);
    } else if ((flags & databaseFlag) !== 0) {
      this.#tree(bytes.readBigUInt64LE(data + rootInDatabase), depth + 1);
    }
  }

  #read(position: number, length: number): Buffer {
    const bytes = Buffer.alloc(length);
    if (readSync(this.#file, bytes, 0, length, position) < length) this.#damaged(undefined);
    return bytes;
  }

  #damaged(page: bigint | undefined): never {
    const where = page === undefined ? "it ends too early" : `page ${page} of ${this.#pages} is wrong or missing`;
    throw new StoreError(`${this.#path} is damaged: ${where}`);
  }
}
