import { expect, test } from "vitest";
import type { Plugin } from "../framework.ts";
import { expandPlugins, mergeWithDefaults, type ProfilePlugins } from "./profile-plugins.ts";

const both = (name: string): Plugin => ({ name, prepareFilter: () => undefined, prepareScore: () => undefined });
const instances = new Map(["A", "B", "C", "D"].map((name) => [name, both(name)]));
instances.set("OnlyFilter", { name: "OnlyFilter", prepareFilter: () => undefined });
const defaults = [{ name: "A", weight: 3 }, { name: "B" }, { name: "C" }];

function scores(custom: ProfilePlugins): string[] {
  const { score } = expandPlugins(mergeWithDefaults(defaults, custom), instances);
  return score.map(({ plugin, weight }) => `${plugin.name}:${weight}`);
}

test.each<[string, ProfilePlugins, string[]]>([
  ["nothing", {}, ["A:3", "B:1", "C:1"]],
  ["a plugin more", { multiPoint: { enabled: [{ name: "D" }] } }, ["A:3", "B:1", "C:1", "D:1"]],
  [
    "a default again, which keeps its place",
    { multiPoint: { enabled: [{ name: "B", weight: 7 }] } },
    ["A:3", "B:7", "C:1"],
  ],
  ["one less everywhere", { multiPoint: { disabled: [{ name: "B" }] } }, ["A:3", "C:1"]],
  ["one less here", { score: { disabled: [{ name: "A" }] } }, ["B:1", "C:1"]],
  ["none here", { score: { disabled: [{ name: "*" }] } }, []],
  ["none here but one", { score: { disabled: [{ name: "*" }], enabled: [{ name: "C", weight: 5 }] } }, ["C:5"]],
  ["one here, which goes first", { score: { enabled: [{ name: "C", weight: 5 }] } }, ["C:5", "A:3", "B:1"]],
  ["another here, which goes last", { score: { enabled: [{ name: "D", weight: 5 }] } }, ["A:3", "B:1", "C:1", "D:5"]],
  ["none but one", { multiPoint: { disabled: [{ name: "*" }], enabled: [{ name: "D" }] } }, ["D:1"]],
  ["a plugin that does not score", { multiPoint: { enabled: [{ name: "OnlyFilter" }] } }, ["A:3", "B:1", "C:1"]],
])("scores with %s", (_, custom, expected) => {
  expect(scores(custom)).toEqual(expected);
});

test("a plugin is not enabled where it does nothing, nor twice, nor when there is none", () => {
  expect(() => scores({ score: { enabled: [{ name: "OnlyFilter" }] } })).toThrow(
    'plugin "OnlyFilter" does not extend Score plugin',
  );
  expect(() => scores({ multiPoint: { enabled: [{ name: "D" }, { name: "D" }] } })).toThrow("already registered");
  expect(() => scores({ score: { enabled: [{ name: "Nobody" }] } })).toThrow('plugin "Nobody" does not exist');
});
