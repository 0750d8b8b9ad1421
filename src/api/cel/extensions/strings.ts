import { type Environment, library } from "../library.ts";
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
    replace(text, old, by, -1n),
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
  if (old === "") return woven([...text], by, times);
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

/** Nothing is found before each character and at the end. */
function woven(characters: readonly string[], by: string, times: bigint): string {
  const places = characters.length + 1;
  const filled = times < 0n || times > BigInt(places) ? places : Number(times);
  return [...characters, ""].map((character, i) => (i < filled ? by : "") + character).join("");
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
      if (isInteger(value) || isSpecial(value)) return String(value);
      throw unfit("decimal clause can only be used on integers", value);
    case "f":
      return real(value, "fixed-point").toFixed(precision);
    case "e":
      return real(value, "scientific")
        .toExponential(precision)
        .replace(/e([+-])(\d+)$/, (_, sign: string, digits: string) => `\u00d710${power(sign, digits)}`);
    case "b":
      if (typeof value === "boolean") return value ? "1" : "0";
      if (isInteger(value)) return BigInt(String(value)).toString(2);
      throw unfit("only integers and bools can be formatted as binary", value);
    case "o":
      if (isInteger(value)) return BigInt(String(value)).toString(8);
      throw unfit("octal clause can only be used on integers", value);
    case "x":
    case "X":
      return verb === "x" ? hex(value) : hex(value).toUpperCase();
    default:
      throw new Error(`unrecognized formatting clause "${verb}"`);
  }
}

function unfit(rule: string, value: unknown): Error {
  return new Error(`error during formatting: ${rule}, was given ${typeName(value)}`);
}

function isInteger(value: unknown): boolean {
  return typeof value === "bigint" || value instanceof library().UnsignedInt;
}

/** Texts that stand for numbers which no literal writes. */
function isSpecial(value: unknown): boolean {
  return typeof value === "string" && /^(?:NaN|-?Infinity)$/.test(value);
}

function real(value: unknown, clause: string): number {
  if (typeof value === "number" || isSpecial(value)) return Number(value);
  throw unfit(`${clause} clause can only be used on doubles`, value);
}

/** The exponent of ten in raised digits, at least two of them. */
function power(sign: string, digits: string): string {
  const raised = [...digits.padStart(2, "0")].map((digit) => raisedDigits[Number(digit)]);
  return (sign === "-" ? "\u207b" : "") + raised.join("");
}

const raisedDigits = "\u2070\u00b9\u00b2\u00b3\u2074\u2075\u2076\u2077\u2078\u2079";

function hex(value: unknown): string {
  if (typeof value === "string" || value instanceof Uint8Array) return Buffer.from(value as string).toString("hex");
  if (isInteger(value)) return BigInt(String(value)).toString(16);
  throw unfit("only integers, byte buffers, and strings can be formatted as hex", value);
}

function typeName(value: unknown): string {
  const { Duration, UnsignedInt } = library();
  if (value === null) return "null_type";
  if (Array.isArray(value)) return "list";
  if (value instanceof Uint8Array) return "bytes";
  if (value instanceof Date) return "google.protobuf.Timestamp";
  if (value instanceof Duration) return "google.protobuf.Duration";
  if (value instanceof UnsignedInt) return "uint";
  const names: Readonly<Record<string, string>> = {
    bigint: "int",
    number: "double",
    boolean: "bool",
    string: "string",
  };
  return names[typeof value] ?? "map";
}

/** Texts within lists and maps are quoted. */
function quoted(value: unknown): string {
  return typeof value === "string" ? JSON.stringify(value) : textOf(value);
}

/** As `%s` writes values: lists and maps as the language writes them. */
function textOf(value: unknown): string {
  if (typeof value === "string") return value;
  if (value === null) return "null";
  if (Array.isArray(value)) return `[${value.map(quoted).join(", ")}]`;
  if (value instanceof Uint8Array) return Buffer.from(value).toString();
  if (value instanceof Date || typeof value !== "object") return String(fromCel(value));
  if (value.constructor !== Object && !(value instanceof Map)) return String(value);
  const members = value instanceof Map ? [...value] : Object.entries(value);
  return `{${members
    .sort(([a], [b]) => (celEquals(a, b) ? 0 : String(a) < String(b) ? -1 : 1))
    .map(([key, member]) => `${quoted(key)}:${quoted(member)}`)
    .join(", ")}}`;
}
