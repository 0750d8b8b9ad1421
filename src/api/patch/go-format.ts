import type { JsonValue } from "../meta/index.ts";

/** As Go prints a JSON value with %v: `map[a:1 b:[x y]]`. */
export function goPlain(value: JsonValue): string {
  if (value === null) return "<nil>";
  if (typeof value === "string") return value;
  if (typeof value !== "object") return String(value);
  if (Array.isArray(value)) return `[${value.map(goPlain).join(" ")}]`;
  const names = Object.keys(value).sort();
  return `map[${names.map((name) => `${name}:${goPlain(value[name] ?? null)}`).join(" ")}]`;
}

/** As Go prints a JSON value with %#v: `map[string]interface {}{"a":1}`. */
export function goSyntax(value: JsonValue): string {
  if (value === null) return "interface {}(nil)";
  if (typeof value !== "object") return JSON.stringify(value);
  if (Array.isArray(value)) return `[]interface {}{${value.map(goSyntax).join(", ")}}`;
  const names = Object.keys(value).sort();
  return `map[string]interface {}{${names.map((name) => `${JSON.stringify(name)}:${goSyntax(value[name] ?? null)}`).join(", ")}}`;
}

/** As Go names the type of a JSON value with %T. */
export function goType(value: JsonValue): string {
  if (value === null) return "<nil>";
  if (typeof value === "string") return "string";
  if (typeof value === "boolean") return "bool";
  if (typeof value === "number") return Number.isInteger(value) ? "int64" : "float64";
  return Array.isArray(value) ? "[]interface {}" : "map[string]interface {}";
}
