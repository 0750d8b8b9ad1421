import type { JsonObject, JsonValue } from "../meta/index.ts";
import type { ListShape, Scalar, Shape } from "../schema/index.ts";
import { goPlain, goSyntax, goType } from "./go-format.ts";
import { fieldElement, type PathElement, pathElementText } from "./path-element.ts";
import { isObject, itemElement, TypedError } from "./typed.ts";

/**
 * Whether a configuration fits its shape: known fields only, right types, and no two list items with one key.
 * Throws TypedError with all that is wrong, in the original's words.
 */
export function validateConfig(config: JsonValue, shape: Shape): void {
  const found: string[] = [];
  check(config, shape, "", found);
  if (found.length === 1) throw new TypedError(found[0]);
  if (found.length > 1) throw new TypedError(["errors:", ...found.map((text) => `  ${text}`)].join("\n"));
}

function check(value: JsonValue, shape: Shape, path: string, found: string[]): void {
  if (value === null) return;
  switch (shape.kind) {
    case "object":
    case "map":
      if (!isObject(value)) report(found, path, `expected map, got &{${goPlain(value)}}`);
      else checkFields(value, shape, path, found);
      return;
    case "list":
      if (!Array.isArray(value)) report(found, path, `expected list, got &{${goPlain(value)}}`);
      else checkItems(value, shape, path, found);
      return;
    case "scalar": {
      const problem = scalarProblem(value, shape.scalar);
      if (problem !== undefined) report(found, path, problem);
      return;
    }
    case "any":
  }
}

function report(found: string[], path: string, message: string): void {
  found.push(path === "" ? message : `${path}: ${message}`);
}

function checkFields(object: JsonObject, shape: Shape, path: string, found: string[]): void {
  for (const [key, value] of Object.entries(object)) {
    const at = path + pathElementText(fieldElement(key));
    const inner =
      shape.kind === "object"
        ? (shape.fields.get(key)?.shape ?? shape.rest)
        : shape.kind === "map"
          ? shape.values
          : undefined;
    if (inner === undefined) {
      report(found, at, "field not declared in schema");
      return;
    }
    check(value, inner, at, found);
  }
}

function checkItems(list: readonly JsonValue[], shape: ListShape, path: string, found: string[]): void {
  const seen = new Set<PathElement>();
  for (const [i, item] of list.entries()) {
    let element: PathElement = `i:${i}`;
    if (shape.listType !== "atomic") {
      try {
        element = itemElement(shape, item);
      } catch (err) {
        if (!(err instanceof TypedError)) throw err;
        report(found, path, `element ${i}: ${err.message}`);
        return;
      }
      if (seen.has(element)) report(found, path, `duplicate entries for key ${pathElementText(element)}`);
      seen.add(element);
    }
    check(item, shape.items, path + pathElementText(element), found);
  }
}

function scalarProblem(value: JsonValue, scalar: Scalar): string | undefined {
  switch (scalar) {
    case "int32":
    case "int64":
    case "number":
      return typeof value === "number" ? undefined : `expected numeric (int or float), got ${goType(value)}`;
    case "boolean":
      return typeof value === "boolean" ? undefined : `expected boolean, got &{${goPlain(value)}}`;
    case "intOrString":
    case "quantity":
    case "time":
    case "microTime":
      return typeof value !== "object" ? undefined : `expected any scalar, got &{${goPlain(value)}}`;
    case "string":
    case "bytes":
    case "duration":
      if (typeof value === "string") return undefined;
      return `expected string, got &value.valueUnstructured{Value:${goSyntax(value)}}`;
  }
}
