import { re2 } from "../../re2/index.ts";
import type { Register } from "./register.ts";

/** find and findAll. */
export function registerRegex(register: Register): void {
  register("matches(string, string): bool", (text: string, pattern: string) => regex(pattern).test(text));
  register("string.find(string): string", (text: string, pattern: string) => regex(pattern).find(text));
  register("string.findAll(string): list<string>", (text: string, pattern: string) => regex(pattern).findAll(text));
  register("string.findAll(string, int): list<string>", (text: string, pattern: string, limit: bigint) => {
    const found = regex(pattern).findAll(text);
    return limit < 0n ? found : found.slice(0, Number(limit));
  });
}

function regex(pattern: string): ReturnType<typeof re2> {
  try {
    return re2(pattern);
  } catch (error) {
    throw new Error(`Illegal regex: ${error instanceof Error ? error.message : String(error)}`);
  }
}
