import { expect, test } from "vitest";
import type { NodeSelectorRequirement, Toleration } from "../types/index.ts";
import { matchesNodeSelectorTerm, mayRunOn, tolerates } from "./index.ts";

const node = { name: "n1", labels: { disk: "ssd", cores: "8" } };

test.each<[NodeSelectorRequirement, boolean]>([
  [{ key: "disk", operator: "In", values: ["hdd", "ssd"] }, true],
  [{ key: "disk", operator: "NotIn", values: ["ssd"] }, false],
  [{ key: "gpu", operator: "NotIn", values: ["a"] }, true],
  [{ key: "disk", operator: "Exists" }, true],
  [{ key: "gpu", operator: "DoesNotExist" }, true],
  [{ key: "cores", operator: "Gt", values: ["7"] }, true],
  [{ key: "cores", operator: "Lt", values: ["8"] }, false],
  [{ key: "disk", operator: "Gt", values: ["1"] }, false],
  [{ key: "gpu", operator: "Gt", values: ["1"] }, false],
  [{ key: "constructor", operator: "Exists" }, false],
])("%j holds: %s", (requirement, expected) => {
  expect(matchesNodeSelectorTerm({ matchExpressions: [requirement] }, node)).toBe(expected);
});

test("an empty term matches nothing, a field term the node's name", () => {
  expect(matchesNodeSelectorTerm({}, node)).toBe(false);
  const byName = (name: string) => ({ matchFields: [{ key: "metadata.name", operator: "In", values: [name] }] });
  expect(matchesNodeSelectorTerm(byName("n1"), node)).toBe(true);
  expect(matchesNodeSelectorTerm(byName("n2"), node)).toBe(false);
});

test("selector and required affinity must both hold; no constraints hold anywhere", () => {
  expect(mayRunOn(undefined, node)).toBe(true);
  expect(mayRunOn({ nodeSelector: { disk: "ssd" } }, node)).toBe(true);
  expect(mayRunOn({ nodeSelector: { disk: "hdd" } }, node)).toBe(false);
});

const taint = { key: "k", value: "5", effect: "NoSchedule" };
test.each<[Toleration, boolean]>([
  [{ operator: "Exists" }, true],
  [{ key: "k", operator: "Exists", effect: "NoExecute" }, false],
  [{ key: "k", value: "5" }, true],
  [{ key: "k", operator: "Equal", value: "6" }, false],
  [{ key: "other", operator: "Exists" }, false],
  [{ operator: "Equal", value: "5" }, false],
  [{ key: "k", operator: "Lt", value: "6" }, true],
  [{ key: "k", operator: "Gt", value: "6" }, false],
])("%j tolerates k=5:NoSchedule: %s", (toleration, expected) => {
  expect(tolerates(toleration, taint)).toBe(expected);
});
