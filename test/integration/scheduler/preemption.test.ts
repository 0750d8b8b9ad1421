// Preemption remembers what it tried: what it finds must be what it would find without.
import { expect, test } from "vitest";
import { deepFreeze } from "../../../src/api/meta/index.ts";
import { podInfoOf } from "../../../src/scheduler/index.ts";
import { findPreemption, PreemptionMemory } from "../../../src/scheduler/preemption.ts";
import { Chance } from "./chance.ts";
import { FastPath } from "./compare.ts";
import { RandomWorld } from "./random-world.ts";

const worlds = 60;
const casesPerWorld = 40;
const args = { minCandidateNodesPercentage: 10, minCandidateNodesAbsolute: 100 };

test(`${worlds * casesPerWorld} random preemptors get what they would get if nothing were remembered`, () => {
  let found = 0;
  for (let world = 0; world < worlds; world++) {
    const random = new RandomWorld(new Chance(`preemption-${world}`));
    const fast = new FastPath(random, "");
    const { cluster, profile } = fast;
    const memory = new PreemptionMemory();
    for (let i = 0; i < casesPerWorld; i++) {
      fast.apply(random.step());
      const pod = random.nextPod();
      const spec = { ...pod.spec, containers: pod.spec?.containers ?? [], priority: 10 };
      const info = podInfoOf(deepFreeze({ ...pod, spec }));
      const result = fast.cycle.run(info, cluster);
      if (result.kind === "scheduled") continue;
      const before = cluster.nodes().map(({ name, pods, requested }) => ({ name, pods: pods.size, ...requested }));
      const search = { filters: profile.filters, budgets: [], args, random: { next: () => 0 } };
      const fresh = findPreemption(info, result.fit, cluster, search);
      const remembered = findPreemption(info, result.fit, cluster, { ...search, memory });
      expect(remembered).toEqual(fresh);
      expect(cluster.nodes().map(({ name, pods, requested }) => ({ name, pods: pods.size, ...requested }))).toEqual(
        before,
      );
      if (fresh.kind === "found") found++;
    }
  }
  expect(found).toBeGreaterThan(100);
});
