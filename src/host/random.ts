import { randomBytes, randomUUID } from "node:crypto";
import type { Random } from "./ports.ts";

const numberBytes = 6;
const numbersAtOnce = 512;

/** Numbers out of many bytes fetched at once: a call for a few bytes costs as much as one for thousands. */
function pooledNumbers(): () => number {
  let pool = Buffer.alloc(0);
  let used = 0;
  return () => {
    if (used === pool.length) {
      pool = randomBytes(numberBytes * numbersAtOnce);
      used = 0;
    }
    used += numberBytes;
    return pool.readUIntBE(used - numberBytes, numberBytes) / 2 ** (8 * numberBytes);
  };
}

/** Randomness of the operating system, for real clusters. */
export const cryptoRandom: Random = {
  next: pooledNumbers(),
  bytes: (count) => new Uint8Array(randomBytes(count)),
  uuid: () => randomUUID(),
};

const uuidBytes = 16;

/** A repeatable stream (sfc32): the same seed gives the same numbers, bytes and UUIDs. Not for secrets. */
export function seededRandom(seed: number | string): Random {
  const nextUint32 = sfc32(seed);
  const next = () => nextUint32() / 2 ** 32;
  const bytes = (count: number) => {
    const out = new Uint8Array(count);
    for (let i = 0; i < count; i++) out[i] = nextUint32() & 0xff;
    return out;
  };
  return { next, bytes, uuid: () => uuidFrom(bytes(uuidBytes)) };
}

function sfc32(seed: number | string): () => number {
  const text = String(seed);
  let a = 0x9e3779b9;
  let b = 0x243f6a88;
  let c = 0xb7e15162;
  let counter = 1;
  const next = () => {
    const t = (((a + b) | 0) + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = ((c << 21) | (c >>> 11)) + t;
    c |= 0;
    return t >>> 0;
  };
  for (let i = 0; i < text.length; i++) {
    a ^= Math.imul(text.charCodeAt(i) + i, 0x85ebca6b);
    next();
  }
  for (let i = 0; i < 12; i++) next(); // spreads neighbouring seeds apart
  return next;
}

function uuidFrom(bytes: Uint8Array): string {
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x40;
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
  const hex = Buffer.from(bytes).toString("hex");
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}
