import { expect, it } from "vitest";
import { isFieldPath } from "./field-path.ts";

const schema = {
  type: "object",
  properties: {
    spec: {
      type: "object",
      properties: { "a.b": { type: "string" }, list: { type: "array", items: { type: "object" } } },
    },
    map: { type: "object", additionalProperties: { type: "string" } },
  },
};

it.each([
  [".spec", true],
  [".spec['a.b']", true],
  [".map.any", true],
  [".map['any']", true],
  [".spec.list", true],
  [".spec.list[0]", false],
  [".spec.nope", false],
  ["spec", false],
  [".map.any.deeper", false],
])("%s names a field: %s", (path, isOne) => {
  expect(isFieldPath(schema, path)).toBe(isOne);
});
