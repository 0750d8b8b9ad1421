import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { deepFreeze, isApiError, type JsonObject, type JsonValue } from "../meta/index.ts";
import { shapeOf } from "../schema/index.ts";
import { strategicMergePatch } from "./strategic-merge-patch.ts";

const pod = shapeOf("v1", "Pod");
if (pod === undefined) throw new Error("no shape of Pod");
const frozen = <T extends JsonValue>(value: T): T => deepFreeze(structuredClone(value));
const patched = (spec: JsonObject, patch: JsonObject): JsonValue | undefined =>
  strategicMergePatch(frozen({ spec }), frozen({ spec: patch }), pod).spec;

function refusal(run: () => unknown): [number, string] {
  try {
    run();
  } catch (err) {
    if (isApiError(err)) return [err.code, err.message];
    throw err;
  }
  return [200, ""];
}

const a = { name: "a", image: "1" };
const b = { name: "b", image: "1" };
const c = { name: "c", image: "1" };

describe("strategicMergePatch", () => {
  it("merges list items by their key, and puts new ones where the patch has them", () => {
    const patch: JsonObject = { containers: [{ name: "new" }, { name: "b", image: "2" }] };
    expect(patched({ containers: [a, b, c] }, patch)).toEqual({
      containers: [{ name: "new" }, a, { name: "b", image: "2" }, c],
    });
  });

  it("deletes items, and fields that are null", () => {
    const patch = { containers: [{ name: "b", $patch: "delete" }], nodeName: null };
    expect(patched({ containers: [a, b, c], nodeName: "n" }, patch)).toEqual({ containers: [a, c] });
  });

  it("replaces a list that holds the directive", () => {
    expect(patched({ containers: [a, b] }, { containers: [{ $patch: "replace" }, c] })).toEqual({ containers: [c] });
  });

  it("replaces and empties an object that holds the directive", () => {
    const spec = { nodeSelector: { x: "1" }, securityContext: { runAsUser: 1 } };
    const patch = { nodeSelector: { $patch: "replace", y: "2" }, securityContext: { $patch: "delete" } };
    expect(patched(spec, patch)).toEqual({ nodeSelector: { y: "2" }, securityContext: {} });
  });

  it("drops an object with a directive where there is nothing to merge with, as the original does", () => {
    expect(patched({}, { nodeSelector: { $patch: "replace", y: "2" } })).toEqual({});
  });

  it("orders lists by $setElementOrder", () => {
    const patch = {
      "$setElementOrder/containers": [{ name: "c" }, { name: "a" }],
      containers: [{ name: "a", image: "2" }],
    };
    expect(patched({ containers: [a, b, c] }, patch)).toEqual({ containers: [b, c, { name: "a", image: "2" }] });
  });

  it("refuses a patch list that contradicts its order", () => {
    const patch = { "$setElementOrder/containers": [{ name: "a" }, { name: "b" }], containers: [b, a] };
    expect(refusal(() => patched({ containers: [a, b] }, patch))).toEqual([
      500,
      "The order in patch list:\n[map[image:1 name:b] map[image:1 name:a]]\n doesn't match $setElementOrder list:\n[map[name:a] map[name:b]]\n",
    ]);
  });

  it("keeps only what $retainKeys names", () => {
    const volume = { name: "v", emptyDir: {} };
    const patch = { volumes: [{ name: "v", $retainKeys: ["name", "hostPath"], hostPath: { path: "/x" } }] };
    expect(patched({ volumes: [volume] }, patch)).toEqual({ volumes: [{ name: "v", hostPath: { path: "/x" } }] });
    const wrong = { volumes: [{ name: "v", $retainKeys: ["name"], hostPath: { path: "/x" } }] };
    expect(refusal(() => patched({ volumes: [volume] }, wrong))).toEqual([400, "invalid patch format of retainKeys"]);
  });

  it("adds to and deletes from lists of scalars", () => {
    const meta = (finalizers: string[], patch: JsonObject): JsonValue | undefined =>
      strategicMergePatch(frozen({ metadata: { finalizers } }), frozen({ metadata: patch }), pod).metadata;
    expect(meta(["a", "b"], { finalizers: ["c", "a"] })).toEqual({ finalizers: ["c", "a", "b"] });
    expect(meta(["a", "b", "c"], { "$deleteFromPrimitiveList/finalizers": ["b"] })).toEqual({ finalizers: ["a", "c"] });
    expect(meta([], { "$deleteFromPrimitiveList/finalizers": ["b"] })).toEqual({ finalizers: [] });
  });

  it("replaces lists without merge strategy", () => {
    const containers = [{ name: "a", command: ["x", "y"] }];
    expect(patched({ containers }, { containers: [{ name: "a", command: ["z"] }] })).toEqual({
      containers: [{ name: "a", command: ["z"] }],
    });
  });

  it.each<[JsonObject, number, string]>([
    [{ containers: [{ image: "2" }] }, 500, "map: map[image:2] does not contain declared merge key: name"],
    [{ containers: [{ name: "a", $patch: "what" }] }, 500, "unknown patch type: what in map: map[$patch:what name:a]"],
    [{ containers: [{ $patch: "merge" }] }, 500, "merging lists cannot yet be specified in the patch"],
    [{ containers: [["a"]] }, 422, "the server rejected our request due to an error in our request"],
    [{ "$deleteFromPrimitiveListX/y": [] }, 400, "invalid patch format of primitive list"],
    [{ nodeSelector: { $patch: "what" } }, 500, "unknown patch type: what in map: map[$patch:what]"],
  ])("refuses %j", (patch, code, message) => {
    expect(refusal(() => patched({ containers: [a], nodeSelector: { x: "1" } }, patch))).toEqual([code, message]);
  });

  it("refuses a patch that is no object", () => {
    expect(refusal(() => strategicMergePatch({}, [], pod))[0]).toBe(400);
  });

  it("never changes what it is given, and gives the same when applied again", () => {
    const name = fc.constantFrom("a", "b", "c", "d");
    const item = fc.record({ name, image: fc.constantFrom("1", "2") }, { requiredKeys: ["name"] });
    const containers = fc.uniqueArray(item, { selector: (i) => i.name, maxLength: 4 });
    fc.assert(
      fc.property(containers, containers, (live, change) => {
        const once = patched({ containers: live }, { containers: change }) as JsonObject;
        expect(patched(once, { containers: change })).toEqual(once);
        const names = (once.containers as JsonObject[]).map((i) => i.name);
        expect(new Set(names).size).toBe(names.length);
      }),
    );
  });
});
