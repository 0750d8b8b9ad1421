import { randomBytes, randomUUID } from "node:crypto";
import type { Random } from "./ports.ts";

const numberBytes = 6;
const pooledBytes = 4096;
/** More are asked for on their own. */
const pooledBytesMax = 64;

let pool = Buffer.alloc(0);
let used = 0;

/** Where in the pool `count` fresh bytes are, fetched many at once: a call for a few costs as much as one for thousands. */
function takeFromPool(count: number): number {
  if (used + count > pool.length) {
    pool = randomBytes(pooledBytes);
    used = 0;
  }
  used += count;
  return used - count;
}

function randomNumber(): number {
  const at = takeFromPool(numberBytes);
  return pool.readUIntBE(at, numberBytes) / 2 ** (8 * numberBytes);
}

function bytesOf(count: number): Uint8Array {
  if (count > pooledBytesMax) return new Uint8Array(randomBytes(count));
  const at = takeFromPool(count);
  return new Uint8Array(pool.subarray(at, at + count));
}

/** Randomness of the operating system, for real clusters. */
export const cryptoRandom: Random = {
  next: randomNumber,
  bytes: bytesOf,
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
