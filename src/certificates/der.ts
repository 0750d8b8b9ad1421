/** The part of DER (X.690) that certificates are written in: each value is a tag, its length and its content. */

const tags = {
  boolean: 0x01,
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  null: 0x05,
  oid: 0x06,
  utf8String: 0x0c,
  printableString: 0x13,
  utcTime: 0x17,
  generalizedTime: 0x18,
  sequence: 0x30,
  set: 0x31,
} as const;

const printable = /^[A-Za-z0-9 '()+,\-./:=?]*$/;

export function value(tag: number, ...parts: readonly Uint8Array[]): Buffer {
  const content = Buffer.concat(parts);
  return Buffer.concat([Buffer.from([tag]), lengthOf(content.length), content]);
}

export function sequence(...parts: readonly Uint8Array[]): Buffer {
  return value(tags.sequence, ...parts);
}

export function set(...parts: readonly Uint8Array[]): Buffer {
  return value(tags.set, ...parts);
}

/** A value under a number of its context: `explicit` ones hold a whole value, others only its content. */
export function context(number: number, content: Uint8Array, explicit: boolean): Buffer {
  return value(0x80 | (explicit ? 0x20 : 0) | number, content);
}

export function boolean(is: boolean): Buffer {
  return value(tags.boolean, Buffer.from([is ? 0xff : 0]));
}

/** A positive number, in hexadecimal of whole bytes. */
export function integer(hex: string): Buffer {
  const bytes = Buffer.from(hex, "hex");
  // The highest bit is the sign.
  return value(tags.integer, ...((bytes[0] ?? 0) & 0x80 ? [Buffer.from([0])] : []), bytes);
}

export function bitString(bytes: Uint8Array, unusedBits = 0): Buffer {
  return value(tags.bitString, Buffer.from([unusedBits]), bytes);
}

export function octetString(bytes: Uint8Array): Buffer {
  return value(tags.octetString, bytes);
}

export function nothing(): Buffer {
  return value(tags.null);
}

/** An object identifier: `2.5.29.15`. */
export function oid(text: string): Buffer {
  const [first = 0, second = 0, ...rest] = text.split(".").map(Number);
  const bytes: number[] = [];
  for (const arc of [first * 40 + second, ...rest]) {
    const groups = [arc & 0x7f];
    for (let left = arc >>> 7; left > 0; left >>>= 7) groups.unshift(0x80 | (left & 0x7f));
    bytes.push(...groups);
  }
  return value(tags.oid, Buffer.from(bytes));
}

/** A text in the narrower of the two forms that names have. */
export function text(content: string): Buffer {
  return value(printable.test(content) ? tags.printableString : tags.utf8String, Buffer.from(content));
}

/** A time of whole seconds: with two digits for the year until 2049, with four from then on (RFC 5280). */
export function time(ms: number): Buffer {
  const digits = `${new Date(ms).toISOString().replace(/[-:T]|\.\d+Z$/g, "")}Z`;
  const isShort = digits >= "1950" && digits < "2050";
  return value(isShort ? tags.utcTime : tags.generalizedTime, Buffer.from(isShort ? digits.slice(2) : digits));
}

/** One value as it was written. */
export interface Written {
  readonly tag: number;
  readonly content: Buffer;
  /** With tag and length. */
  readonly whole: Buffer;
}

/** The values that follow each other in these bytes. @throws RangeError when they end within one. */
export function valuesIn(bytes: Buffer): Written[] {
  const found: Written[] = [];
  for (let at = 0; at < bytes.length; ) {
    const { length, start } = readLength(bytes, at + 1);
    const end = start + length;
    if (end > bytes.length) throw new RangeError("the bytes end within a value");
    found.push({ tag: bytes.readUInt8(at), content: bytes.subarray(start, end), whole: bytes.subarray(at, end) });
    at = end;
  }
  return found;
}

function lengthOf(length: number): Buffer {
  if (length < 0x80) return Buffer.from([length]);
  const bytes: number[] = [];
  for (let left = length; left > 0; left >>>= 8) bytes.unshift(left & 0xff);
  return Buffer.from([0x80 | bytes.length, ...bytes]);
}

function readLength(bytes: Buffer, at: number): { length: number; start: number } {
  const first = bytes.readUInt8(at);
  if (first < 0x80) return { length: first, start: at + 1 };
  const size = first & 0x7f;
  return { length: bytes.readUIntBE(at + 1, size), start: at + 1 + size };
}
