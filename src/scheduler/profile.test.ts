import { expect, test } from "vitest";
import { expandPlugins, mergeWithDefaults, type ProfilePlugins } from "./config/profile-plugins.ts";
import type { Plugin } from "./framework.ts";
import { nodeAffinity } from "./plugins/node-affinity.ts";
import { podInfoOf } from "./pod-info.ts";
import { makeProfile } from "./profile.ts";
import { aNode, aPod, clusterOf } from "./testing/plugin-facts.ts";

const sort: Plugin = { name: "Sort", compare: () => 0 };
const binder: Plugin = { name: "Binder", bind: async () => "bound" };
const instances = new Map<string, Plugin>([
  ["Sort", sort],
  ["Sort2", { ...sort, name: "Sort2" }],
  ["Binder", binder],
  ["NodeAffinity", nodeAffinity],
]);
const defaults = ["Sort", "NodeAffinity", "Binder"].map((name) => ({ name }));

const profileOf = (custom: ProfilePlugins) =>
  makeProfile({ schedulerName: "s" }, expandPlugins(mergeWithDefaults(defaults, custom), instances));

test("a plugin that is off at Filter still has its say at PreFilter, but refuses no node", () => {
  const cluster = clusterOf([aNode("a")]);
  const choosy = podInfoOf(aPod("p", { nodeSelector: { disk: "ssd" } }));
  const [on] = profileOf({}).filters;
  expect(typeof on?.prepareFilter(choosy, cluster)).toBe("function");
  const [half] = profileOf({ filter: { disabled: [{ name: "NodeAffinity" }] } }).filters;
  expect(half?.name).toBe("NodeAffinity");
  expect(half?.prepareFilter(choosy, cluster)).toBeUndefined();
  const off = profileOf({ preFilter: { disabled: [{ name: "*" }] }, filter: { disabled: [{ name: "NodeAffinity" }] } });
  expect(off.filters).toEqual([]);
});

test("there is one plugin that sorts the queue, and one at least that binds", () => {
  expect(() => profileOf({ multiPoint: { enabled: [{ name: "Sort2" }] } })).toThrow(
    'only one queue sort plugin required for profile with scheduler name "s", but got 2',
  );
  expect(() => profileOf({ queueSort: { disabled: [{ name: "*" }] } })).toThrow("but got 0");
  expect(() => profileOf({ bind: { disabled: [{ name: "*" }] } })).toThrow("at least one bind plugin is needed");
});
