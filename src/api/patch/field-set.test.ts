import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { deepFreeze, type JsonObject } from "../meta/index.ts";
import { FieldSet } from "./field-set.ts";
import { keyElement, PathElementError, pathText, valueElement } from "./path-element.ts";

const container = keyElement(["name"], ["c"]);
const path = fc.array(fc.constantFrom("f:a", "f:b", "f:c", container, 'v:"x"', "i:3"), { minLength: 1, maxLength: 4 });
const paths = fc.array(path, { maxLength: 12 });
const key = (p: readonly string[]): string => p.join("\n");
const keys = (set: FieldSet): string[] => set.paths().map(key).sort();

describe("FieldSet", () => {
  it("reads and writes FieldsV1 with its keys in order", () => {
    const json = {
      "f:z": {},
      "f:a": { "f:x": {}, ".": {} },
      "f:list": { 'k:{"protocol":"TCP","port":9}': {}, 'k:{"port":80,"protocol":"TCP"}': { "f:port": {}, ".": {} } },
      "f:set": { 'v:"b"': {}, 'v:"a"': {}, "v:10": {}, "v:9": {} },
    };
    expect(JSON.stringify(FieldSet.fromFieldsV1(deepFreeze(json)).toFieldsV1())).toBe(
      JSON.stringify({
        "f:a": { ".": {}, "f:x": {} },
        "f:list": { 'k:{"port":9,"protocol":"TCP"}': {}, 'k:{"port":80,"protocol":"TCP"}': { ".": {}, "f:port": {} } },
        "f:set": { "v:9": {}, "v:10": {}, 'v:"a"': {}, 'v:"b"': {} },
        "f:z": {},
      }),
    );
  });

  it("escapes in keys what the original escapes", () => {
    expect(valueElement("a<b>&c")).toBe('v:"a\\u003cb\\u003e\\u0026c"');
  });

  it("shows paths as conflicts do", () => {
    const ports = keyElement(["containerPort", "protocol"], [80, "TCP"]);
    expect(pathText(["f:spec", "f:containers", container, "f:ports", ports, "f:name"])).toBe(
      '.spec.containers[name="c"].ports[containerPort=80,protocol="TCP"].name',
    );
    expect(pathText(["f:metadata", "f:finalizers", 'v:"x"'])).toBe('.metadata.finalizers[="x"]');
  });

  it.each<JsonObject>([{ f: {} }, { fa: {} }, { "k:{": {} }, { "k:1": {} }, { "v:": {} }, { "i:x": {} }])(
    "refuses %j",
    (json) => {
      expect(() => FieldSet.fromFieldsV1(json)).toThrow(PathElementError);
    },
  );

  it("leaves out steps of a kind that it does not know", () => {
    expect(FieldSet.fromFieldsV1({ "x:new": {}, "f:a": {} }).toFieldsV1()).toEqual({ "f:a": {} });
  });

  it("takes out a path with all below it only if asked to", () => {
    const set = FieldSet.of(["f:a"], ["f:a", "f:b"], ["f:c"]);
    const a = FieldSet.of(["f:a"]);
    expect(keys(set.difference(a))).toEqual(["f:a\nf:b", "f:c"]);
    expect(keys(set.recursiveDifference(a))).toEqual(["f:c"]);
  });

  it("walks the paths that end at a node before those below it", () => {
    const set = FieldSet.of(["f:a", "f:z"], ["f:b"], ["f:a"]);
    expect(set.paths()).toEqual([["f:a"], ["f:b"], ["f:a", "f:z"]]);
  });

  it("is what it was after a round trip through FieldsV1", () => {
    fc.assert(
      fc.property(paths, (all) => {
        const set = FieldSet.of(...all);
        const copy = FieldSet.fromFieldsV1(JSON.parse(JSON.stringify(set.toFieldsV1())));
        expect(copy.equals(set)).toBe(true);
        expect(JSON.stringify(copy.toFieldsV1())).toBe(JSON.stringify(set.toFieldsV1()));
      }),
    );
  });

  it("does what sets do", () => {
    fc.assert(
      fc.property(paths, paths, (left, right) => {
        const a = FieldSet.of(...left);
        const b = FieldSet.of(...right);
        const inA = new Set(left.map(key));
        const inB = new Set(right.map(key));
        expect(keys(a)).toEqual([...inA].sort());
        expect(keys(a.union(b))).toEqual([...inA.union(inB)].sort());
        expect(keys(a.intersection(b))).toEqual([...inA.intersection(inB)].sort());
        expect(keys(a.difference(b))).toEqual([...inA.difference(inB)].sort());
        for (const p of right) expect(a.has(p)).toBe(inA.has(key(p)));
        expect(a.difference(a).isEmpty).toBe(true);
        expect(a.equals(b)).toBe(inA.symmetricDifference(inB).size === 0);
      }),
    );
  });

  it("stays the same object where an operation changes nothing", () => {
    fc.assert(
      fc.property(paths, (all) => {
        const set = FieldSet.of(...all);
        const copy = FieldSet.of(...all);
        expect(set.union(copy)).toBe(set);
        expect(set.intersection(copy)).toBe(set);
        expect(set.difference(FieldSet.of(["f:other"]))).toBe(set);
      }),
    );
  });

  it("sets that are made alike are one object, so that objects of one template share their FieldsV1", () => {
    const make = () => FieldSet.of(["f:spec", "f:replicas"], ["f:data"]);
    expect(make()).toBe(make());
    expect(make().toFieldsV1()).toBe(make().toFieldsV1());
  });

  it("sets of more keys than are kept in mind stay what they are", () => {
    const sets = Array.from({ length: 30_000 }, (_, i) => FieldSet.ofFields([["data", `key-${i}`]]));
    expect(sets.every((set, i) => set.has(["f:data", `f:key-${i}`]))).toBe(true);
    const again = FieldSet.ofFields([["data", "key-0"]]);
    expect(sets[0]?.equals(again)).toBe(true);
  });
});
