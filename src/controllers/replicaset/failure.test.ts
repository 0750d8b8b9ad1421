import { expect, test } from "vitest";
import { exponentialBackoff } from "../../client/index.ts";
import { systemClock } from "../../host/index.ts";
import { slowStart } from "../slow-start.ts";
import { type ReplicaObserved, replicaStatus } from "./plan.ts";

const observed: ReplicaObserved = {
  owner: {
    apiVersion: "apps/v1",
    kind: "ReplicaSet",
    metadata: { generation: 1 },
    spec: { replicas: 2 },
    status: { replicas: 0 },
  },
  pods: [],
  crowdOnNode: () => 0,
  nowMs: Date.UTC(2026, 0, 1),
};

test("a failure is told in a condition and taken back when it is over", () => {
  const failing = replicaStatus(observed, { reason: "FailedCreate", message: "no room" });
  expect(failing.conditions).toEqual([
    {
      type: "ReplicaFailure",
      status: "True",
      lastTransitionTime: "2026-01-01T00:00:00Z",
      reason: "FailedCreate",
      message: "no room",
    },
  ]);
  const owner = { ...observed.owner, status: failing };
  const later = replicaStatus({ ...observed, owner }, { reason: "FailedCreate", message: "still no room" });
  expect(later.conditions).toEqual(failing.conditions);
  expect(replicaStatus({ ...observed, owner }, undefined).conditions).toBeUndefined();
});

test("what cannot succeed is tried once, not a thousand times", async () => {
  let tries = 0;
  const refused = await slowStart(systemClock, 1000, async () => {
    tries++;
    throw new Error("no");
  });
  expect([tries, refused.succeeded]).toEqual([1, 0]);
  expect(await slowStart(systemClock, 1000, async () => undefined)).toEqual({ succeeded: 1000 });
});

test("a thousand requests leave others of the process their turns", async () => {
  let turns = 0;
  let ticking = setImmediate(function tick() {
    turns++;
    ticking = setImmediate(tick);
  });
  await slowStart(systemClock, 1000, async () => undefined);
  clearImmediate(ticking);
  expect(turns).toBeGreaterThan(5);
});

test("the delay between tries doubles up to its bound", () => {
  const backoff = exponentialBackoff();
  expect([backoff(0), backoff(1), backoff(10), backoff(100)]).toEqual([5, 10, 5120, 1_000_000]);
});
