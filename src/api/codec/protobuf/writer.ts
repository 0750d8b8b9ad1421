const initialSize = 1024;
const twoTo32 = 2 ** 32;

/**
 * Writes protobuf from the end to the start, as gogo does: what is inside a message is written before its length, so
 * that no length has to be known ahead. Fields must therefore be given in descending order.
 */
export class BackwardWriter {
  #buffer: Buffer;
  #start: number;

  constructor(size = initialSize) {
    this.#buffer = Buffer.allocUnsafe(size);
    this.#start = size;
  }

  /** What is written so far: a mark to measure messages with. */
  get length(): number {
    return this.#buffer.length - this.#start;
  }

  finish(): Uint8Array {
    return new Uint8Array(this.#buffer.subarray(this.#start)); // a copy: small objects must not keep large buffers
  }

  tag(field: number, wireType: number): void {
    this.varint(field * 8 + wireType);
  }

  /** Closes the message that began at the mark: its length and tag go before it. */
  message(field: number, mark: number): void {
    this.varint(this.length - mark);
    this.tag(field, 2);
  }

  bytes(value: Uint8Array): void {
    this.#reserve(value.length);
    this.#start -= value.length;
    this.#buffer.set(value, this.#start);
  }

  string(field: number, value: string): void {
    const size = Buffer.byteLength(value);
    this.#reserve(size);
    this.#start -= size;
    this.#buffer.write(value, this.#start, size, "utf8");
    this.varint(size);
    this.tag(field, 2);
  }

  lengthDelimited(field: number, value: Uint8Array): void {
    this.bytes(value);
    this.varint(value.length);
    this.tag(field, 2);
  }

  bool(field: number, value: boolean): void {
    this.varint(value ? 1 : 0);
    this.tag(field, 0);
  }

  integer(field: number, value: number): void {
    if (value >= 0) this.varint(value);
    else this.#negative(value);
    this.tag(field, 0);
  }

  double(field: number, value: number): void {
    this.#reserve(8);
    this.#start -= 8;
    this.#buffer.writeDoubleLE(value, this.#start);
    this.tag(field, 1);
  }

  /** A non-negative integer up to 2^63. */
  varint(value: number): void {
    let size = 1;
    for (let left = value; left >= 128; left = Math.floor(left / 128)) size++;
    this.#reserve(size);
    this.#start -= size;
    let at = this.#start;
    let left = value;
    while (left >= twoTo32) {
      this.#buffer[at++] = (left % 128) | 128;
      left = Math.floor(left / 128);
    }
    while (left >= 128) {
      this.#buffer[at++] = (left & 127) | 128;
      left = left >>> 7;
    }
    this.#buffer[at] = left;
  }

  /** Two's complement in 64 bits: always ten bytes. */
  #negative(value: number): void {
    this.#reserve(10);
    this.#start -= 10;
    let left = BigInt.asUintN(64, BigInt(value));
    for (let i = 0; i < 10; i++) {
      this.#buffer[this.#start + i] = Number(left & 127n) | (i < 9 ? 128 : 0);
      left >>= 7n;
    }
  }

  #reserve(size: number): void {
    if (size <= this.#start) return;
    const used = this.length;
    const grown = Buffer.allocUnsafe(Math.max(this.#buffer.length * 2, used + size * 2));
    grown.set(this.#buffer.subarray(this.#start), grown.length - used);
    this.#start = grown.length - used;
    this.#buffer = grown;
  }
}
