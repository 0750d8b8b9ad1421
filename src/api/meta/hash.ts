const utf8 = new TextEncoder();
const offset32 = 0x811c9dc5;
const prime32 = 0x01000193;
const offset64 = 0xcbf29ce484222325n;
const prime64 = 0x100000001b3n;
const safeAlphabet = "bcdfghjklmnpqrstvwxz2456789";

/** FNV-1a, 32 bits. */
export function fnv32a(data: string | Uint8Array): number {
  const bytes = typeof data === "string" ? utf8.encode(data) : data;
  let hash = offset32;
  for (let i = 0; i < bytes.length; i++) hash = Math.imul(hash ^ (bytes[i] ?? 0), prime32);
  return hash >>> 0;
}

/** FNV-1a, 64 bits. */
export function fnv64a(data: string | Uint8Array): bigint {
  const bytes = typeof data === "string" ? utf8.encode(data) : data;
  let hash = offset64;
  for (const byte of bytes) hash = BigInt.asUintN(64, (hash ^ BigInt(byte)) * prime64);
  return hash;
}

/** Puts every character into the alphabet of generated names (no vowels, nothing that looks like something else). */
export function safeEncode(text: string): string {
  let out = "";
  for (const byte of utf8.encode(text)) out += safeAlphabet[byte % safeAlphabet.length];
  return out;
}
