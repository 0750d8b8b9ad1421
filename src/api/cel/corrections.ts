import { re2 } from "../re2/index.ts";
import type { CelNode } from "./cost/nodes.ts";
import { library } from "./library.ts";

/** Functions and methods that the library has, and has otherwise than the original. */

type Handle = (...values: unknown[]) => unknown;

/** @returns undefined where the library's own serves */
type Correction<First> = (first: First, ...others: readonly unknown[]) => unknown;

const functions: Readonly<Record<string, Correction<unknown>>> = {
  duration: (text) => (/^[-+]?0$/.test(String(text)) ? new (library().Duration)(0n, 0) : undefined),
  string: (value) => (typeof value === "number" ? realText(value) : undefined),
};

/** Of texts. */
const methods: Readonly<Record<string, Correction<string>>> = {
  // Patterns of JavaScript mean other things, and may take their time.
  matches: (text, pattern) => (typeof pattern === "string" ? re2(pattern).test(text) : undefined),
  lowerAscii: (text) => text.replace(/[A-Z]+/g, (letters) => letters.toLowerCase()),
  upperAscii: (text) => text.replace(/[a-z]+/g, (letters) => letters.toUpperCase()),
  split: (text, separator, limit) => (separator === "" ? characters(text, limit) : undefined),
  indexOf: (text, _, from) => (typeof from === "bigint" && from >= BigInt([...text].length) ? -1n : undefined),
  lastIndexOf: (text, part, from) => (part === "" && from === undefined ? BigInt([...text].length) : undefined),
};

/** Has a checked call do what it does in the original. */
export function correct(node: CelNode): void {
  const { op, args, handle } = node;
  const name = Array.isArray(args) ? String(args[0]) : "";
  if (handle === undefined) return;
  if (op === "call") node.handle = corrected(functions[name], handle);
  const method = methods[name];
  if (op !== "rcall" || method === undefined) return;
  node.handle = corrected(
    (text, ...others) => (typeof text === "string" ? method(text, ...others) : undefined),
    handle,
  );
}

function corrected(correction: Correction<unknown> | undefined, handle: Handle): Handle {
  if (correction === undefined) return handle;
  return (args, ...rest) => {
    const [first, ...others] = Array.isArray(args) ? (args as unknown[]) : [];
    const value = correction(first, ...others);
    return value === undefined ? handle(args, ...rest) : value;
  };
}

/** With an exponent of at least two digits below a ten-thousandth. */
function realText(value: number): string {
  if (Object.is(value, -0)) return "-0";
  if (!Number.isFinite(value)) return value > 0 ? "+Inf" : value < 0 ? "-Inf" : "NaN";
  const [digits = "", exponent = "0"] = value.toExponential().split("e");
  if (value === 0 || (Number(exponent) >= -4 && Number(exponent) < 21)) return String(value);
  return `${digits}e${exponent.replace(/^([+-])(\d)$/, "$10$2")}`;
}

/** Each code point; what is beyond the limit stays together in the last part. */
function characters(text: string, limit: unknown): readonly string[] {
  const all = [...text];
  if (typeof limit !== "bigint" || limit < 0n || limit >= BigInt(all.length)) return all;
  const count = Number(limit);
  return count === 0 ? [] : [...all.slice(0, count - 1), all.slice(count - 1).join("")];
}
