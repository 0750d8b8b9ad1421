import { describe, expect, it } from "vitest";
import { compileJsonPath } from "./json-path.ts";

const value = {
  spec: { replicas: 3, "a.b": "dotted", list: [1, 2, 3, 4], names: ["x"] },
  status: {
    conditions: [
      { type: "Ready", status: "True", count: 2 },
      { type: "Done", status: "False", count: 5 },
    ],
  },
};

describe("paths of printed columns", () => {
  it.each<[string, unknown[]]>([
    [".spec.replicas", [3]],
    [".spec['a.b']", ["dotted"]],
    [".spec.a\\.b", ["dotted"]],
    [".spec.nope.deeper", []],
    [".spec.list[0]", [1]],
    [".spec.list[-1]", [4]],
    [".spec.list[9]", []],
    [".spec.list[1:3]", [2, 3]],
    [".spec.list[0,2]", [1, 3]],
    [".spec.list[::2]", [1, 3]],
    [".status.conditions[*].type", ["Ready", "Done"]],
    ['.status.conditions[?(@.type=="Ready")].status', ["True"]],
    [".status.conditions[?(@.type != 'Ready')].status", ["False"]],
    [".status.conditions[?(@.count >= 5)].type", ["Done"]],
    [".status.conditions[?(@.count)].type", ["Ready", "Done"]],
    [".status.conditions[?(@.nope)].type", []],
    ["..count", [2, 5]],
    [".", [value]],
    [".constructor", []],
  ])("%s", (path, expected) => {
    expect(compileJsonPath(path)(value)).toEqual(expected);
  });

  it.each([".a[", ".a[?x]", ".a[?(@.b==)]", "a", ".a..", ".a[x y]"])("refuses %s", (path) => {
    expect(() => compileJsonPath(path)).toThrow("JSONPath");
  });
});
