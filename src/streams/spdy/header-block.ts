import { constants, deflateRawSync, inflateRawSync } from "node:zlib";
import { headerDictionary, headerDictionaryId } from "./header-dictionary.ts";

/** Header names in lower case. */
export type SpdyHeaders = Readonly<Record<string, string>>;

/** A connection that breaks the protocol; it cannot go on. */
export class SpdyError extends Error {
  override readonly name = "SpdyError";
}

/** How far back deflate refers. */
const windowBytes = 32 * 1024;
/** A header block that unpacks to more than this is an attack: each open stream keeps its own. As many as HTTP/1 takes. */
const headerBlockBytesMax = 16 * 1024;
const zlibFlagDictionary = 0x20;
const syncFlush = { finishFlush: constants.Z_SYNC_FLUSH };

/**
 * All header blocks of one direction are a single zlib stream, flushed to a byte boundary after each. Each block is
 * packed on its own here, with what the stream has carried so far as its dictionary: that is the same to the other end,
 * and needs no asynchronous stream.
 */
class Window {
  #bytes: Buffer = headerDictionary;

  get bytes(): Buffer {
    return this.#bytes;
  }

  add(block: Buffer): void {
    this.#bytes = Buffer.concat([this.#bytes, block]).subarray(-windowBytes);
  }
}

export class HeaderPacker {
  readonly #window = new Window();
  #begun = false;

  pack(headers: SpdyHeaders): Buffer {
    const block = encode(headers);
    const packed = deflateRawSync(block, { ...syncFlush, dictionary: this.#window.bytes });
    this.#window.add(block);
    if (this.#begun) return packed;
    this.#begun = true;
    return Buffer.concat([zlibHeader(), packed]);
  }
}

export class HeaderUnpacker {
  readonly #window = new Window();
  #begun = false;

  /** @throws SpdyError */
  unpack(packed: Buffer): SpdyHeaders {
    try {
      const block = inflateRawSync(this.#begun ? packed : afterZlibHeader(packed), {
        ...syncFlush,
        dictionary: this.#window.bytes,
        maxOutputLength: headerBlockBytesMax,
      });
      this.#begun = true;
      this.#window.add(block);
      return decode(block);
    } catch (cause) {
      throw new SpdyError("a header block cannot be read", { cause });
    }
  }
}

/** Deflate with a 32 KiB window, and the dictionary's name; the two first bytes together are a multiple of 31. */
function zlibHeader(): Buffer {
  const header = Buffer.from([0x78, 0xbb, 0, 0, 0, 0]);
  header.writeUInt32BE(headerDictionaryId, 2);
  return header;
}

function afterZlibHeader(packed: Buffer): Buffer {
  return packed.subarray((packed.readUInt8(1) & zlibFlagDictionary) === 0 ? 2 : 6);
}

function encode(headers: SpdyHeaders): Buffer {
  const entries = Object.entries(headers);
  const parts = [uint32(entries.length)];
  for (const [name, value] of entries) {
    for (const text of [name.toLowerCase(), value]) {
      const bytes = Buffer.from(text);
      parts.push(uint32(bytes.length), bytes);
    }
  }
  return Buffer.concat(parts);
}

function decode(block: Buffer): SpdyHeaders {
  let at = 0;
  const number = (): number => {
    at += 4;
    return block.readUInt32BE(at - 4);
  };
  const text = (): string => {
    const length = number();
    if (at + length > block.length) throw new RangeError("a header is longer than its block");
    at += length;
    return block.toString("utf8", at - length, at);
  };
  const headers: [string, string][] = [];
  for (let left = number(); left > 0; left--) headers.push([text().toLowerCase(), text()]);
  return Object.fromEntries(headers);
}

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}
