import { expect, test } from "vitest";
import type { NodeSelectorTerm, PodSpec } from "../../api/types/index.ts";
import { podInfoOf } from "../pod-info.ts";
import { aNode, aPod, clusterOf, refusals, scores } from "../testing/plugin-facts.ts";
import { createNodeAffinity, nodeAffinity } from "./node-affinity.ts";

const cluster = clusterOf([
  aNode("fast", { labels: { disk: "ssd", cores: "16" } }),
  aNode("slow", { labels: { disk: "hdd", cores: "4" } }),
]);
const required = (...nodeSelectorTerms: NodeSelectorTerm[]): Partial<PodSpec> => ({
  affinity: { nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms } } },
});
const label = (key: string, operator: string, ...values: string[]): NodeSelectorTerm => ({
  matchExpressions: [{ key, operator, values }],
});
const field = (operator: string, ...values: string[]): NodeSelectorTerm => ({
  matchFields: [{ key: "metadata.name", operator, values }],
});

test.each<[string, Partial<PodSpec>, string[]]>([
  ["no demands", {}, ["fast", "slow"]],
  ["a selector", { nodeSelector: { disk: "ssd" } }, ["fast"]],
  ["In", required(label("disk", "In", "ssd", "nvme")), ["fast"]],
  ["NotIn", required(label("disk", "NotIn", "ssd")), ["slow"]],
  ["Exists", required(label("gpu", "Exists")), []],
  ["DoesNotExist", required(label("gpu", "DoesNotExist")), ["fast", "slow"]],
  ["Gt", required(label("cores", "Gt", "8")), ["fast"]],
  ["Lt", required(label("cores", "Lt", "8")), ["slow"]],
  ["one of several terms", required(label("disk", "In", "ssd"), label("cores", "Lt", "8")), ["fast", "slow"]],
  ["no terms", required(), []],
  ["an empty term", required({}), []],
  ["a name among the fields", required(field("In", "slow")), ["slow"]],
  ["a name that it is not", required(field("NotIn", "slow")), ["fast"]],
  ["a field and a label together", required({ ...field("In", "slow"), ...label("disk", "In", "ssd") }), []],
  ["a selector and terms together", { nodeSelector: { disk: "ssd" }, ...required(label("cores", "Lt", "8")) }, []],
])("%s", (_, spec, fitting) => {
  const refused = refusals(nodeAffinity, aPod("p", spec), cluster);
  expect(["fast", "slow"].filter((name) => !(name in refused))).toEqual(fitting);
  const reasons = new Set(Object.values(refused));
  if (reasons.size > 0) expect([...reasons]).toEqual(["node(s) didn't match Pod's node affinity/selector"]);
});

test("of pods that name their nodes no other node is looked at; names that exclude each other fit nowhere", () => {
  const prepare = (spec: Partial<PodSpec>) => nodeAffinity.prepareFilter(podInfoOf(aPod("p", spec)), cluster);
  expect(prepare(required(field("In", "slow")))).toMatchObject({ only: new Set(["slow"]) });
  expect(prepare(required(field("In", "slow"), label("disk", "In", "ssd")))).toBeTypeOf("function");
  const both = {
    matchFields: [...(field("In", "slow").matchFields ?? []), ...(field("In", "fast").matchFields ?? [])],
  };
  expect(prepare(required(both))).toMatchObject({ rejected: { reasons: ["pod affinity terms conflict"] } });
});

test("preferences add up by their weights, the most gets 100", () => {
  const preferredDuringSchedulingIgnoredDuringExecution = [
    { weight: 10, preference: label("disk", "In", "ssd") },
    { weight: 30, preference: label("cores", "Gt", "8") },
    { weight: 20, preference: label("disk", "Exists") },
  ];
  const pod = aPod("p", { affinity: { nodeAffinity: { preferredDuringSchedulingIgnoredDuringExecution } } });
  expect(scores(nodeAffinity, pod, cluster)).toEqual({ fast: 100, slow: 33 });
  expect(scores(nodeAffinity, aPod("q"), cluster)).toBeUndefined();
});

test("what the profile adds holds for every pod", () => {
  const plugin = createNodeAffinity({
    addedAffinity: {
      requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [label("disk", "In", "ssd")] },
      preferredDuringSchedulingIgnoredDuringExecution: [{ weight: 1, preference: label("cores", "Lt", "8") }],
    },
  });
  expect(refusals(plugin, aPod("p"), cluster)).toEqual({
    slow: "node(s) didn't match scheduler-enforced node affinity",
  });
  expect(scores(plugin, aPod("p"), cluster)).toEqual({ fast: 0, slow: 100 });
});
