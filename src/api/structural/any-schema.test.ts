import { expect, it } from "vitest";
import { testHost } from "../../host/index.ts";
import { deepFreeze, type JsonObject, type JsonValue } from "../meta/index.ts";
import type { JSONSchemaProps } from "../types/index.ts";
import {
  applyDefaults,
  checkListTypes,
  coerceEmbedded,
  compileSchema,
  compileValidator,
  dropNulls,
  pruneUnknown,
  shapeOfSchema,
} from "./index.ts";

const schemasMax = 300;
const valuesMax = 20;
const names = ["a", "b", "metadata", "kind", "__proto__", "spec"];

class Chance {
  readonly #next: () => number;

  constructor(next: () => number) {
    this.#next = next;
  }

  below(limit: number): number {
    return Math.floor(this.#next() * limit);
  }

  pick<T>(from: readonly T[]): T {
    return from[this.below(from.length)] as T;
  }

  some<T>(make: () => T, max: number): T[] {
    return Array.from({ length: this.below(max + 1) }, make);
  }
}

function anySchema(chance: Chance, depth: number): JSONSchemaProps {
  const type = chance.pick(["object", "object", "array", "string", "integer", "number", "boolean", "any"]);
  const nullable = chance.below(4) === 0 ? { nullable: true } : {};
  if (depth === 0 || type === "any") return { "x-kubernetes-preserve-unknown-fields": true, ...nullable };
  if (type === "array") {
    const listType = chance.pick(["atomic", "set", "map", undefined]);
    const items = anySchema(chance, depth - 1) as JsonObject;
    return {
      type,
      items,
      ...(listType && { "x-kubernetes-list-type": listType }),
      ...(listType === "map" && { "x-kubernetes-list-map-keys": ["a"] }),
    };
  }
  if (type !== "object") {
    return { type, ...nullable, ...(chance.below(3) === 0 && { default: anyValue(chance, 0) }) };
  }
  const properties = Object.fromEntries(chance.some(() => [chance.pick(names), anySchema(chance, depth - 1)], 4));
  const branch = chance.pick(["oneOf", "anyOf", "allOf"] as const);
  return {
    type,
    ...nullable,
    ...(chance.below(5) === 0 ? { additionalProperties: anySchema(chance, depth - 1) as JsonObject } : { properties }),
    ...(chance.below(4) === 0 && { "x-kubernetes-preserve-unknown-fields": true }),
    ...(chance.below(6) === 0 && { "x-kubernetes-embedded-resource": true }),
    ...(chance.below(5) === 0 && { [branch]: [{ required: ["a"] }, { required: ["b"] }] }),
    ...(chance.below(3) === 0 && { required: [chance.pick(names)] }),
  };
}

function anyValue(chance: Chance, depth: number): JsonValue {
  const kinds = depth === 0 ? 4 : 6;
  switch (chance.below(kinds)) {
    case 0:
      return null;
    case 1:
      return chance.pick(["", "text", "1"]);
    case 2:
      return chance.pick([0, 1.5, -3, 2 ** 40]);
    case 3:
      return chance.below(2) === 0;
    case 4:
      return chance.some(() => anyValue(chance, depth - 1), 3);
    default:
      return Object.fromEntries(chance.some(() => [chance.pick(names), anyValue(chance, depth - 1)], 4));
  }
}

it("takes any object through any schema: never throws, changes nothing in place, and a second time nothing at all", () => {
  const { random } = testHost();
  const chance = new Chance(() => random.next());
  for (let s = 0; s < schemasMax; s++) {
    const schema: JSONSchemaProps = { ...anySchema(chance, 4), type: "object" };
    const node = compileSchema(schema);
    const validator = compileValidator(schema);
    expect(shapeOfSchema(node, "org.example.v1.Any").kind).toBe("object");
    for (let v = 0; v < valuesMax; v++) {
      const value = deepFreeze({ kind: "Any", spec: anyValue(chance, 4), a: anyValue(chance, 3) }) as JsonObject;
      const once = applyDefaults(dropNulls(pruneUnknown(value, node), node), node);
      const pruned = pruneUnknown(once, node);
      expect(pruneUnknown(pruned, node)).toBe(pruned);
      expect(applyDefaults(once, node)).toEqual(once);
      expect(Array.isArray(validator.check(once, value))).toBe(true);
      expect(Array.isArray(checkListTypes(once, node))).toBe(true);
      try {
        coerceEmbedded(once, node, undefined);
      } catch (error) {
        expect((error as Error).constructor.name).toBe("DecodeFailure");
      }
    }
  }
});
