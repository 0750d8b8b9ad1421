import { expect, test } from "vitest";
import type { Deployment, ReplicaSet } from "../../api/types/index.ts";
import { withSizeAnnotations } from "./annotations.ts";
import { proportionalSizes } from "./proportional.ts";
import { fenceposts, maxUnavailable, newestReplicas, shrinkOld } from "./rolling.ts";

function deployment(
  replicas: number,
  maxSurge: number | string = "25%",
  maxUnavailable: number | string = "25%",
): Deployment {
  return {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { name: "d" },
    spec: {
      replicas,
      strategy: { type: "RollingUpdate", rollingUpdate: { maxSurge, maxUnavailable } },
      selector: {},
      template: { metadata: {}, spec: { containers: [] } },
    },
  };
}

function set(name: string, replicas: number, available = replicas, of?: Deployment): ReplicaSet {
  const made: ReplicaSet = {
    apiVersion: "apps/v1",
    kind: "ReplicaSet",
    metadata: { name, creationTimestamp: `2026-01-0${name.length}T00:00:00Z` },
    spec: { replicas, selector: {} },
    status: { replicas, availableReplicas: available },
  };
  return of === undefined ? made : withSizeAnnotations(of, made);
}

const named = (sizes: Map<ReplicaSet, number>) =>
  Object.fromEntries([...sizes].map(([{ metadata }, size]) => [metadata.name, size]));

test.each([
  ["25%", "25%", 3, { surge: 1, unavailable: 0 }],
  ["25%", "25%", 10, { surge: 3, unavailable: 2 }],
  [0, 0, 5, { surge: 0, unavailable: 1 }],
  ["0%", "10%", 5, { surge: 0, unavailable: 1 }],
])("surge %s and unavailable %s of %i", (surge, unavailable, replicas, expected) => {
  expect(fenceposts(surge, unavailable, replicas)).toEqual(expected);
});

test("never more can be unavailable than there are", () => {
  expect(maxUnavailable(deployment(2, 0, 5))).toBe(2);
});

test("the newest grows only as far as old pods leave room", () => {
  const newest = set("nn", 2);
  expect(newestReplicas(deployment(10), [set("o", 10), newest], newest)).toBe(3);
  expect(newestReplicas(deployment(10), [set("o", 13), newest], newest)).toBe(2);
});

test("old pods that are not available go first, and without limit to what is available", () => {
  const sizes = shrinkOld(deployment(10), [set("a", 4, 0), set("bb", 4, 4)], set("nnn", 5, 5));
  expect(named(sizes)).toEqual({ a: 0, bb: 3 });
});

test("nothing old goes while the new is not available", () => {
  expect(shrinkOld(deployment(4), [set("a", 4)], set("nn", 1, 0))).toEqual(new Map([[expect.anything(), 3]]));
  expect(shrinkOld(deployment(3), [set("a", 3)], set("nn", 1, 0)).size).toBe(0);
});

test("a change of size in the middle of a rollout is shared in proportion, the rest goes to the largest", () => {
  const before = deployment(10);
  const [old, newest] = [set("o", 8, 8, before), set("nn", 5, 5, before)];
  expect(named(proportionalSizes(deployment(20), [old, newest]))).toEqual({ o: 15, nn: 10 });
  expect(named(proportionalSizes(deployment(5), [old, newest]))).toEqual({ o: 4, nn: 3 });
});
