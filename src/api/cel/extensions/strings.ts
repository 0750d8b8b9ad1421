import type { Environment } from "../library.ts";
import { celEquals, fromCel } from "../values.ts";
import { type Register, registerClass } from "./register.ts";

class StringsNamespace {}

/** String functions that the language's library lacks. Positions count code points. */
export function registerStrings(environment: Environment, register: Register): void {
  registerClass(environment, "kubernetes.Strings", StringsNamespace);
  environment.registerConstant("strings", "kubernetes.Strings", new StringsNamespace());
  register("kubernetes.Strings.quote(string): string", (_: unknown, text: string) => JSON.stringify(text));
  register("string.charAt(int): string", charAt);
  register("string.replace(string, string): string", (text: string, old: string, by: string) =>
    text.split(old).join(by),
  );
  register("string.replace(string, string, int): string", replace);
  register("string.format(list<dyn>): string", format);
}

function charAt(text: string, index: bigint): string {
  const characters = [...text];
  if (index < 0n || index > BigInt(characters.length)) throw new Error(`index out of range: ${index}`);
  return characters[Number(index)] ?? "";
}

function replace(text: string, old: string, by: string, times: bigint): string {
  if (times < 0n) return text.split(old).join(by);
  let out = "";
  let rest = text;
  for (let left = times; left > 0n; left--) {
    const at = rest.indexOf(old);
    if (at < 0) break;
    out += rest.slice(0, at) + by;
    rest = rest.slice(at + old.length);
  }
  return out + rest;
}

function format(template: string, values: readonly unknown[]): string {
  let next = 0;
  const text = template.replace(/%(?:%|(?:\.(\d+))?([a-zA-Z]))/g, (clause, precision?: string, verb?: string) => {
    if (clause === "%%") return "%";
    if (next >= values.length) throw new Error(`index ${next} out of range`);
    const value = values[next++];
    return formatted(verb ?? "", value, precision === undefined ? 6 : Number(precision));
  });
  return text;
}

function formatted(verb: string, value: unknown, precision: number): string {
  switch (verb) {
    case "s":
      return textOf(value);
    case "d":
      return String(value);
    case "f":
      return Number(value).toFixed(precision);
    case "e":
      return Number(value)
        .toExponential(precision)
        .replace(/e([+-])(\d)$/, "e$10$2");
    case "b":
      return typeof value === "boolean" ? (value ? "1" : "0") : BigInt(String(value)).toString(2);
    case "o":
      return BigInt(String(value)).toString(8);
    case "x":
    case "X":
      return verb === "x" ? hex(value) : hex(value).toUpperCase();
    default:
      throw new Error(`unrecognized formatting clause "${verb}"`);
  }
}

function hex(value: unknown): string {
  if (typeof value === "string") return Buffer.from(value).toString("hex");
  if (value instanceof Uint8Array) return Buffer.from(value).toString("hex");
  return BigInt(String(value)).toString(16);
}

/** As `%s` writes values: lists and maps as the language writes them. */
function textOf(value: unknown): string {
  if (typeof value === "string") return value;
  if (value === null) return "null";
  if (Array.isArray(value)) return `[${value.map(textOf).join(", ")}]`;
  if (value instanceof Uint8Array) return Buffer.from(value).toString();
  if (value instanceof Date || typeof value !== "object") return String(fromCel(value));
  if (value.constructor !== Object && !(value instanceof Map)) return String(value);
  const members = value instanceof Map ? [...value] : Object.entries(value);
  return `{${members
    .sort(([a], [b]) => (celEquals(a, b) ? 0 : String(a) < String(b) ? -1 : 1))
    .map(([key, member]) => `${textOf(key)}: ${textOf(member)}`)
    .join(", ")}}`;
}
