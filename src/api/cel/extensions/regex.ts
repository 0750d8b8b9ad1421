import type { Register } from "./register.ts";

const cacheMax = 500;
const cache = new Map<string, RegExp>();

/** find and findAll. */
export function registerRegex(register: Register): void {
  register("string.find(string): string", (text: string, pattern: string) => regex(pattern).exec(text)?.[0] ?? "");
  register("string.findAll(string): list<string>", (text: string, pattern: string) => all(text, pattern));
  register("string.findAll(string, int): list<string>", (text: string, pattern: string, limit: bigint) =>
    limit < 0n ? all(text, pattern) : all(text, pattern).slice(0, Number(limit)),
  );
}

function all(text: string, pattern: string): string[] {
  return Array.from(text.matchAll(new RegExp(regex(pattern), "gu")), ([found]) => found);
}

function regex(pattern: string): RegExp {
  const known = cache.get(pattern);
  if (known !== undefined) return known;
  if (cache.size >= cacheMax) cache.clear();
  let made: RegExp;
  try {
    made = new RegExp(pattern, "u");
  } catch {
    throw new Error(`Illegal regex: error parsing regexp: ${pattern}`);
  }
  cache.set(pattern, made);
  return made;
}
