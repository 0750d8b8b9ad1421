import type { Entry, Snapshot } from "../store.ts";
import { refusals } from "./refusal.ts";

/** A range of keys as etcd's requests name it: one key, all keys of a prefix, or all keys from one to before another. */
export class KeyRange {
  /** The first key. */
  readonly from: string;
  /** The first key after the range; undefined for one key alone, "" for no end. */
  readonly to: string | undefined;

  /** @throws Refusal */
  constructor(key: Buffer, rangeEnd: Buffer) {
    if (key.length === 0 && rangeEnd.length === 0) throw refusals.emptyKey();
    this.from = keyText(key);
    this.to = rangeEnd.length === 0 ? undefined : isZero(rangeEnd) ? "" : keyText(rangeEnd);
  }

  includes(key: string): boolean {
    if (this.to === undefined) return key === this.from;
    return key >= this.from && (this.to === "" || key < this.to);
  }

  /** What all keys of the range begin with: what a watch has to look at. */
  get prefix(): string {
    if (this.to === undefined) return this.from;
    let shared = 0;
    while (shared < this.from.length && this.from[shared] === this.to[shared]) shared++;
    // Up to the key after the prefix only the last character differs, by one.
    const isPrefixRange =
      this.to.length === shared + 1 && this.to.charCodeAt(shared) === this.from.charCodeAt(shared) + 1;
    return isPrefixRange && this.from.length === shared + 1 ? this.from : this.from.slice(0, shared);
  }

  *entriesOf(snapshot: Snapshot): Generator<Entry> {
    for (const entry of snapshot.entries(justBefore(this.from))) {
      if (!this.includes(entry.key)) {
        if (entry.key < this.from) continue;
        return;
      }
      yield entry;
    }
  }
}

export function keyText(key: Buffer): string {
  const text = key.toString();
  if (text.includes("\ufffd") && !Buffer.from(text).equals(key)) throw refusals.keyNotUtf8();
  return text;
}

function isZero(bytes: Buffer): boolean {
  return bytes.length === 1 && bytes[0] === 0;
}

/** A key from which on the given one comes next; undefined for the very first. */
function justBefore(key: string): string | undefined {
  const last = key.length - 1;
  if (last < 0) return undefined;
  const code = key.charCodeAt(last);
  const start = key.slice(0, last);
  if (code === 0) return start === "" ? undefined : start;
  return `${start}${String.fromCharCode(code - 1)}\uffff`;
}
