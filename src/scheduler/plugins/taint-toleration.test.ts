import { expect, test } from "vitest";
import type { Taint, Toleration } from "../../api/types/index.ts";
import { aNode, aPod, clusterOf, refusals, scores } from "../testing/plugin-facts.ts";
import { taintToleration } from "./taint-toleration.ts";

const taint = (effect: string, value = "yes"): Taint => ({ key: "gpu", value, effect });

test.each<[string, Taint, Toleration[], boolean]>([
  ["NoSchedule keeps away", taint("NoSchedule"), [], false],
  ["NoExecute keeps away", taint("NoExecute"), [], false],
  ["PreferNoSchedule does not", taint("PreferNoSchedule"), [], true],
  ["the same value", taint("NoSchedule"), [{ key: "gpu", value: "yes" }], true],
  ["another value", taint("NoSchedule"), [{ key: "gpu", operator: "Equal", value: "no" }], false],
  ["any value", taint("NoSchedule"), [{ key: "gpu", operator: "Exists" }], true],
  ["another effect", taint("NoSchedule"), [{ key: "gpu", operator: "Exists", effect: "NoExecute" }], false],
  ["everything", taint("NoExecute"), [{ operator: "Exists" }], true],
  ["a value below the bound", taint("NoSchedule", "5"), [{ key: "gpu", operator: "Lt", value: "10" }], true],
  ["a value above it", taint("NoSchedule", "50"), [{ key: "gpu", operator: "Lt", value: "10" }], false],
  ["a value above the other bound", taint("NoSchedule", "50"), [{ key: "gpu", operator: "Gt", value: "10" }], true],
  ["a value that is no number", taint("NoSchedule", "many"), [{ key: "gpu", operator: "Gt", value: "10" }], false],
])("%s", (_, nodeTaint, tolerations, fits) => {
  const cluster = clusterOf([aNode("a", { taints: [nodeTaint] }), aNode("b")]);
  const refused = refusals(taintToleration, aPod("p", { tolerations }), cluster);
  expect(refused).toEqual(fits ? {} : { a: "node(s) had untolerated taint(s)" });
});

test("the fewer soft taints a pod does not tolerate the better", () => {
  const soft = ["one", "two"].map((key) => ({ key, effect: "PreferNoSchedule" }));
  const cluster = clusterOf([
    aNode("none"),
    aNode("one", { taints: soft.slice(0, 1) }),
    aNode("two", { taints: soft }),
  ]);
  expect(scores(taintToleration, aPod("p"), cluster)).toEqual({ none: 100, one: 50, two: 0 });
  const tolerations = [{ key: "two", operator: "Exists", effect: "PreferNoSchedule" }];
  expect(scores(taintToleration, aPod("q", { tolerations }), cluster)).toEqual({ none: 100, one: 0, two: 0 });
});
