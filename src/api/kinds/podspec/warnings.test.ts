import { describe, expect, it } from "vitest";
import { root } from "../../meta/index.ts";
import type { PodSpec } from "../../types/index.ts";
import { jobWarnings } from "../batch/job-warnings.ts";
import { nameWarnings, podWarnings } from "./warnings.ts";

const env = (...values: [string, string][]): PodSpec => ({
  containers: [{ name: "c", image: "i", env: values.map(([name, value]) => ({ name, value })) }],
});

describe("warnings of pods", () => {
  it("tell of a variable that hides another one, unless it builds on it", () => {
    expect(podWarnings(env(["A", "1"], ["A", "2"]), root("spec"))).toEqual([
      'spec.containers[0].env[1]: hides previous definition of "A", which may be dropped when using apply',
    ]);
    expect(podWarnings(env(["A", "1"], ["A", "$(A)2"]), root("spec"))).toEqual([]);
  });

  it("tell of volumes that do nothing any more, and of an address that is named twice", () => {
    const spec: PodSpec = {
      containers: [],
      volumes: [{ name: "v", cephfs: { monitors: ["m"] } }],
      hostAliases: [{ ip: "192.0.2.1" }, { ip: "192.0.2.1" }],
    };
    expect(podWarnings(spec, root("spec"))).toEqual([
      "spec.volumes[0].cephfs: deprecated in v1.28, non-functional in v1.31+",
      'spec.hostAliases[1].ip: duplicate ip "192.0.2.1"',
    ]);
  });

  it("reach into the templates of jobs, and an update only warns of what it brings", () => {
    const template = { metadata: {}, spec: env(["A", "1"], ["A", "2"]) };
    expect(jobWarnings({ template }, root("spec"))).toHaveLength(1);
    expect(jobWarnings({ template }, root("spec"), { template })).toEqual([]);
  });

  it("tell of names that make no host names", () => {
    expect(nameWarnings("plain")).toEqual([]);
    expect(nameWarnings("with.dot")[0]).toMatch(
      /^metadata\.name: this is used in Pod names and hostnames, which can result in surprising behavior; a DNS label is recommended: \[/,
    );
  });
});
