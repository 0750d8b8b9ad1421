import { hash } from "node:crypto";
import type { Message } from "./connection.ts";

/**
 * Decodes lists of which most items are those of the list before, in another order: only items that are new are decoded, known
 * ones are the same objects again. A node's containers are listed each second, and hardly ever anything has changed.
 * @param decode of a whole answer
 * @param field the list, the answer's only field, number 1
 */
export function knownItems(decode: (bytes: Buffer) => Message, field: string): (bytes: Buffer) => Message {
  let known: ReadonlyMap<string, Message> = new Map();
  return (bytes) => {
    const parts = itemsOf(bytes);
    if (parts === undefined) return decode(bytes);
    const now = new Map<string, Message>();
    const items = parts.map((part) => {
      const key = hash("sha1", part, "latin1");
      const item: Message = known.get(key) ?? decode(part)[field][0];
      now.set(key, item);
      return item;
    });
    // A list of one pod does not make all others forgotten.
    if (now.size * 2 >= known.size) known = now;
    return { [field]: items };
  };
}

const itemTag = 0x0a; // field 1, length-delimited
const varintBytesMax = 4;

/** The bytes of each item, its tag with it; undefined when there is anything else in the message. */
function itemsOf(bytes: Buffer): Buffer[] | undefined {
  const parts: Buffer[] = [];
  for (let at = 0; at < bytes.length; ) {
    const begin = at;
    if (bytes[at++] !== itemTag) return undefined;
    let length = 0;
    for (let i = 0; ; i++) {
      const byte = bytes[at++];
      if (byte === undefined || i === varintBytesMax) return undefined;
      length |= (byte & 0x7f) << (7 * i);
      if (byte < 0x80) break;
    }
    at += length;
    if (at > bytes.length) return undefined;
    parts.push(bytes.subarray(begin, at));
  }
  return parts;
}
