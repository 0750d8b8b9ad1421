import { expect, test } from "vitest";
import type { JsonObject } from "../meta/index.ts";
import { decodeObject } from "./decode.ts";
import { givenValue } from "./given-empty.ts";
import { shapeOf } from "./shapes.ts";

function decoded(input: JsonObject): JsonObject {
  const shape = shapeOf("v1", "ConfigMap");
  if (shape === undefined) throw new Error("config maps have a shape");
  return decodeObject(input, shape, { unknownFields: "drop" }).object;
}

test("a map that is given empty is not stored, but told from one that is absent", () => {
  const config = decoded({ apiVersion: "v1", kind: "ConfigMap", metadata: { name: "a" }, data: {} });
  expect(config).not.toHaveProperty("data");
  expect(givenValue(config, "data")).toEqual({});
  expect(givenValue(config, "binaryData")).toBeNull();
});

test("what is stored is given as it is", () => {
  const config = decoded({ apiVersion: "v1", kind: "ConfigMap", metadata: { name: "a" }, data: { a: "b" } });
  expect(givenValue(config, "data")).toEqual({ a: "b" });
});
