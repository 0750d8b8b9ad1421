import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { deepFreeze, isApiError, type JsonValue } from "../meta/index.ts";
import { jsonPatch, jsonPatchOperationsMax } from "./json-patch.ts";

const frozen = <T extends JsonValue>(value: T): T => deepFreeze(structuredClone(value));

function statusOf(run: () => unknown): [number, string] {
  try {
    run();
  } catch (err) {
    if (isApiError(err)) return [err.code, err.message];
    throw err;
  }
  return [200, ""];
}

const refused = [422, "the server rejected our request due to an error in our request"];

describe("jsonPatch", () => {
  it("adds, replaces, removes, moves, copies and tests", () => {
    const document = frozen({ a: { b: 1 }, list: ["x", "y"] });
    const patch = frozen([
      { op: "test", path: "/a/b", value: 1 },
      { op: "add", path: "/a/c~1d~0e", value: 2 },
      { op: "replace", path: "/a/b", value: { deep: true } },
      { op: "copy", from: "/a/b", path: "/copied" },
      { op: "add", path: "/copied/more", value: 3 },
      { op: "move", from: "/list/0", path: "/list/-" },
      { op: "add", path: "/list/0", value: "first" },
      { op: "remove", path: "/list/-1" },
    ]);
    expect(jsonPatch(document, patch)).toEqual({
      a: { b: { deep: true }, "c/d~e": 2 },
      list: ["first", "y"],
      copied: { deep: true, more: 3 },
    });
  });

  it("shares what it does not touch", () => {
    const document = frozen({ a: { b: 1 }, c: { d: 2 } });
    const next = jsonPatch(document, [{ op: "add", path: "/a/x", value: 1 }]) as typeof document;
    expect(next.c).toBe(document.c);
    expect(next).not.toBe(document);
  });

  it("copies a value into itself", () => {
    const patch: JsonValue = [
      { op: "add", path: "/a/y", value: 1 },
      { op: "copy", from: "/a", path: "/a/x" },
      { op: "add", path: "/a/x/z", value: 2 },
    ];
    expect(jsonPatch(frozen({ a: {} }), patch)).toEqual({ a: { y: 1, x: { y: 1, z: 2 } } });
  });

  it("replaces the whole document", () => {
    expect(jsonPatch({ a: 1 }, [{ op: "replace", path: "", value: { b: 2 } }])).toEqual({ b: 2 });
  });

  it("adds with replace what is not there, and tests an absent field as null, as the original does", () => {
    expect(jsonPatch({}, [{ op: "replace", path: "/a", value: 1 }])).toEqual({ a: 1 });
    expect(jsonPatch({}, [{ op: "test", path: "/a", value: null }])).toEqual({});
  });

  it.each([
    [{ op: "remove", path: "/absent" }],
    [{ op: "test", path: "/a", value: 2 }],
    [{ op: "add", path: "/absent/deep", value: 1 }],
    [{ op: "add", path: "/list/5", value: 1 }],
    [{ op: "add", path: "/list/one", value: 1 }],
    [{ op: "replace", path: "/list/1", value: 1 }],
    [{ op: "add", path: "", value: {} }],
    [{ op: "add", value: {} }],
    [{ op: "move", path: "/b" }],
    [{ op: "move", from: "/nested", path: "/nested/inner" }],
    [{ op: "frobnicate", path: "/a" }],
  ])("refuses %j with 422", (operation) => {
    const document = frozen({ a: 1, list: ["x"], nested: {} });
    expect(statusOf(() => jsonPatch(document, [operation as JsonValue]))).toEqual(refused);
  });

  it("refuses what is no patch with 400", () => {
    expect(statusOf(() => jsonPatch({}, {}))[0]).toBe(400);
    expect(statusOf(() => jsonPatch({}, [{ op: "add", path: 1 }]))[0]).toBe(400);
    expect(statusOf(() => jsonPatch({}, "x"))).toEqual([
      400,
      "error decoding patch: json: cannot unmarshal string into Go value of type []handlers.jsonPatchOp",
    ]);
  });

  it("limits the number of operations", () => {
    const patch = (length: number): JsonValue => Array.from({ length }, () => ({ op: "add", path: "/a", value: 1 }));
    expect(jsonPatch({}, patch(jsonPatchOperationsMax))).toEqual({ a: 1 });
    expect(statusOf(() => jsonPatch({}, patch(jsonPatchOperationsMax + 1)))).toEqual([
      413,
      "Request entity too large: The allowed maximum operations in a JSON patch is 10000, got 10001",
    ]);
  });

  it("limits what copies may add, so that a small patch cannot make a huge object", () => {
    const doubling = Array.from({ length: 40 }, (_, i) => ({ op: "copy", from: "/a", path: `/a/x${i}` }));
    expect(statusOf(() => jsonPatch({ a: { text: "x".repeat(100) } }, doubling))).toEqual(refused);
  });

  it("does not set a prototype", () => {
    const next = jsonPatch({}, [{ op: "add", path: "/__proto__", value: { polluted: true } }]) as object;
    expect(Object.keys(next)).toEqual(["__proto__"]);
    expect(({} as { polluted?: boolean }).polluted).toBeUndefined();
  });

  it("never changes what it is given", () => {
    const path = fc.constantFrom("/a", "/a/b", "/a/b/c", "/l", "/l/0", "/l/-", "/l/0/x", "/n");
    const operation = fc.record({
      op: fc.constantFrom("add", "remove", "replace", "move", "copy", "test"),
      path,
      from: path,
      value: fc.jsonValue(),
    });
    const document = frozen({ a: { b: { c: 1 } }, l: [{ x: 1 }, 2] });
    fc.assert(
      fc.property(fc.array(operation, { maxLength: 8 }), (operations) => {
        const patch = deepFreeze(operations) as unknown as JsonValue;
        expect([200, 422]).toContain(statusOf(() => jsonPatch(document, patch))[0]);
        expect(document).toEqual({ a: { b: { c: 1 } }, l: [{ x: 1 }, 2] });
      }),
    );
  });

  it("leaves the document alone where it is to be replaced by what is no object or list", () => {
    expect(jsonPatch({ a: 1 }, [{ op: "replace", path: "", value: "x" }])).toEqual({ a: 1 });
    expect(jsonPatch({ a: 1 }, [{ op: "replace", path: "", value: { b: 2 } }])).toEqual({ b: 2 });
  });
});
