import { expect, test } from "vitest";
import type { Json } from "../support/api.ts";
import { conformanceSuite } from "../support/suite.ts";
import { isReady } from "../support/workloads.ts";

const suite = conformanceSuite({ nodes: { count: 2 } });

test("Conformance tests minimum number of nodes.", async () => {
  const nodes = await suite.api.untilList("/api/v1/nodes", (items) => items.length === 2 && items.every(isReady));
  for (const { spec } of nodes) {
    expect(spec.unschedulable ?? false).toBe(false);
    expect((spec.taints ?? []).filter((taint: Json) => taint.effect !== "PreferNoSchedule")).toEqual([]);
  }
});
