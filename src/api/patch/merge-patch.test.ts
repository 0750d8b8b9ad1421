import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { deepEqual, deepFreeze, type JsonObject, type JsonValue } from "../meta/index.ts";
import { mergePatch } from "./merge-patch.ts";

const frozen = <T extends JsonValue>(value: T): T => deepFreeze(structuredClone(value));

describe("mergePatch", () => {
  // The examples of RFC 7386 whose patch and target are objects.
  it.each<[JsonObject, JsonObject, JsonObject]>([
    [{ a: "b" }, { a: "c" }, { a: "c" }],
    [{ a: "b" }, { b: "c" }, { a: "b", b: "c" }],
    [{ a: "b" }, { a: null }, {}],
    [{ a: "b", b: "c" }, { a: null }, { b: "c" }],
    [{ a: ["b"] }, { a: "c" }, { a: "c" }],
    [{ a: "c" }, { a: ["b"] }, { a: ["b"] }],
    [{ a: { b: "c" } }, { a: { b: "d", c: null } }, { a: { b: "d" } }],
    [{ a: [{ b: "c" }] }, { a: [1] }, { a: [1] }],
    [{ e: null }, { a: 1 }, { e: null, a: 1 }],
    [{}, { a: { bb: { ccc: null } } }, { a: { bb: {} } }],
  ])("merges %j with %j", (document, patch, expected) => {
    expect(mergePatch(frozen(document), frozen(patch))).toEqual(expected);
  });

  it("returns the document itself if nothing changes", () => {
    const document = frozen({ a: { b: 1 }, c: "x" });
    expect(mergePatch(document, { a: { b: 1 }, gone: null, c: "x" })).toBe(document);
  });

  it("refuses a patch that is no object", () => {
    expect(() => mergePatch({}, [])).toThrow(
      "error decoding patch: json: cannot unmarshal array into Go value of type map[string]interface {}",
    );
    expect(() => mergePatch({}, null)).toThrow("Invalid JSON Patch");
  });

  it("does not set a prototype", () => {
    const patch = JSON.parse('{"__proto__": {"polluted": true}}') as JsonObject;
    expect(Object.keys(mergePatch({}, patch))).toEqual(["__proto__"]);
  });

  it("never changes what it is given, and gives the same from the second time on", () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue()), fc.dictionary(fc.string(), fc.jsonValue()), (a, b) => {
        const document = frozen(JSON.parse(JSON.stringify(a)) as JsonObject);
        const patch = frozen(JSON.parse(JSON.stringify(b)) as JsonObject);
        const twice = mergePatch(deepFreeze(mergePatch(document, patch)), patch);
        return deepEqual(mergePatch(deepFreeze(twice), patch), twice);
      }),
    );
  });

  it("keeps nulls within a list that takes an object's place, and drops them elsewhere", () => {
    const list = [{ a: null, b: 1 }];
    expect(mergePatch({ x: { y: 1 }, z: 1 }, { x: list, z: list })).toEqual({ x: list, z: [{ b: 1 }] });
  });
});
