import { re2 } from "../re2/index.ts";

/** Methods that the library has, and has otherwise than the original. */

type Handle = (...values: unknown[]) => unknown;

/** @returns undefined where the library's own method serves */
type Correction = (text: string, ...args: readonly unknown[]) => unknown;

const corrections: Readonly<Record<string, Correction>> = {
  // Patterns of JavaScript mean other things, and may take their time.
  matches: (text, pattern) => (typeof pattern === "string" ? re2(pattern).test(text) : undefined),
  lowerAscii: (text) => text.replace(/[A-Z]+/g, (letters) => letters.toLowerCase()),
  upperAscii: (text) => text.replace(/[a-z]+/g, (letters) => letters.toUpperCase()),
  split: (text, separator, limit) => (separator === "" ? characters(text, limit) : undefined),
  indexOf: (text, _, from) => (typeof from === "bigint" && from >= BigInt([...text].length) ? -1n : undefined),
  lastIndexOf: (text, part, from) => (part === "" && from === undefined ? BigInt([...text].length) : undefined),
};

/** The method that the original has. */
export function corrected(name: string, handle: Handle): Handle {
  const correction = corrections[name];
  if (correction === undefined) return handle;
  return (args, ...rest) => {
    const [text, ...others] = Array.isArray(args) ? (args as unknown[]) : [];
    const value = typeof text === "string" ? correction(text, ...others) : undefined;
    return value === undefined ? handle(args, ...rest) : value;
  };
}

/** Each code point; what is beyond the limit stays together in the last part. */
function characters(text: string, limit: unknown): readonly string[] {
  const all = [...text];
  if (typeof limit !== "bigint" || limit < 0n || limit >= BigInt(all.length)) return all;
  const count = Number(limit);
  return count === 0 ? [] : [...all.slice(0, count - 1), all.slice(count - 1).join("")];
}
