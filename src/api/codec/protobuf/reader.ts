import { MalformedDocument } from "../parsed.ts";

/** Reads a protobuf message; all bounds are checked, so that broken input gives MalformedDocument and nothing else. */
export class Reader {
  readonly #bytes: Buffer;
  #at: number;
  readonly #end: number;

  constructor(bytes: Uint8Array, start = 0, end = bytes.length) {
    this.#bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#at = start;
    this.#end = end;
  }

  get done(): boolean {
    return this.#at >= this.#end;
  }

  /** An unsigned varint; exact up to 2^53. */
  varint(): number {
    let value = 0;
    let scale = 1;
    for (let i = 0; i < 10; i++) {
      const byte = this.#byte();
      value += (byte & 127) * scale;
      if (byte < 128) return value;
      scale *= 128;
    }
    throw new MalformedDocument("proto: integer overflow");
  }

  /** A signed 64-bit integer: negative ones take all ten bytes. */
  integer(): number {
    const from = this.#at;
    const value = this.varint();
    if (value <= Number.MAX_SAFE_INTEGER) return value;
    let exact = 0n;
    for (let i = from, shift = 0n; i < this.#at; i++, shift += 7n) {
      exact |= BigInt((this.#bytes[i] ?? 0) & 127) << shift;
    }
    return Number(BigInt.asIntN(64, exact));
  }

  double(): number {
    this.#need(8);
    this.#at += 8;
    return this.#bytes.readDoubleLE(this.#at - 8);
  }

  string(): string {
    const length = this.#length();
    this.#at += length;
    return this.#bytes.toString("utf8", this.#at - length, this.#at);
  }

  bytes(): Buffer {
    const length = this.#length();
    this.#at += length;
    return this.#bytes.subarray(this.#at - length, this.#at);
  }

  /** A reader over the message that comes next. */
  message(): Reader {
    const length = this.#length();
    this.#at += length;
    return new Reader(this.#bytes, this.#at - length, this.#at);
  }

  skip(wireType: number): void {
    if (wireType === 0) this.varint();
    else if (wireType === 1) this.#advance(8);
    else if (wireType === 2) this.#advance(this.#length());
    else if (wireType === 5) this.#advance(4);
    else throw new MalformedDocument(`proto: illegal wireType ${wireType}`);
  }

  #advance(size: number): void {
    this.#need(size);
    this.#at += size;
  }

  #length(): number {
    const length = this.varint();
    this.#need(length);
    return length;
  }

  #byte(): number {
    this.#need(1);
    return this.#bytes[this.#at++] ?? 0;
  }

  #need(size: number): void {
    if (size > this.#end - this.#at) throw new MalformedDocument("unexpected EOF");
  }
}
