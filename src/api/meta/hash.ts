const utf8 = new TextEncoder();
const offset32 = 0x811c9dc5;
const prime32 = 0x01000193;
const safeAlphabet = "bcdfghjklmnpqrstvwxz2456789";

/** FNV-1a, 32 bits. */
export function fnv32a(data: string | Uint8Array): number {
  const bytes = typeof data === "string" ? utf8.encode(data) : data;
  let hash = offset32;
  for (let i = 0; i < bytes.length; i++) hash = Math.imul(hash ^ (bytes[i] ?? 0), prime32);
  return hash >>> 0;
}

/** Puts every character into the alphabet of generated names (no vowels, nothing that looks like something else). */
export function safeEncode(text: string): string {
  let out = "";
  for (const byte of utf8.encode(text)) out += safeAlphabet[byte % safeAlphabet.length];
  return out;
}
