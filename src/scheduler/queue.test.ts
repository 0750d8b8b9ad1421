import { expect, test } from "vitest";
import type { Pod } from "../api/types/index.ts";
import { VirtualClock } from "../host/index.ts";
import type { ClusterEvent } from "./framework.ts";
import { SchedulingQueue } from "./queue.ts";

const pod = (priority = 0) =>
  ({ apiVersion: "v1", kind: "Pod", metadata: {}, spec: { containers: [], priority } }) as Pod;
const wakesOn = new Map<string, readonly ClusterEvent[]>([["NodeResourcesFit", ["assigned-pod/deleted"]]]);
const fit = new Set(["NodeResourcesFit"]);

function queueAt(): { clock: VirtualClock; queue: SchedulingQueue } {
  const clock = new VirtualClock(0);
  return { clock, queue: new SchedulingQueue(clock, wakesOn, () => {}) };
}

test("hands out by priority, then by age, also within a millisecond", () => {
  const { queue } = queueAt();
  queue.add("a", pod());
  queue.add("b", pod());
  queue.add("c", pod(5));
  queue.add("d", pod());
  expect([1, 2, 3, 4, 5].map(() => queue.pop()?.key)).toEqual(["c", "a", "b", "d", undefined]);
});

test("an unschedulable pod waits for an event that can help it, then for its back-off", async () => {
  const { clock, queue } = queueAt();
  queue.add("a", pod());
  const entry = queue.pop();
  if (!entry) throw new Error("empty");
  queue.unschedulable({ ...entry, refusedBy: fit });
  queue.event("node/labels");
  expect(queue.sizes).toEqual({ active: 0, backoff: 0, unschedulable: 1 });
  queue.event("assigned-pod/deleted");
  expect(queue.sizes).toEqual({ active: 0, backoff: 1, unschedulable: 0 });
  await clock.advance(1000);
  expect(queue.pop()?.key).toBe("a");
});

test("an event during the cycle is not missed", () => {
  const { queue } = queueAt();
  queue.add("a", pod());
  const entry = queue.pop();
  if (!entry) throw new Error("empty");
  queue.event("assigned-pod/deleted");
  queue.unschedulable({ ...entry, refusedBy: fit });
  expect(queue.sizes.backoff).toBe(1);
});

test("without any event it is tried again after five minutes", async () => {
  const { clock, queue } = queueAt();
  queue.add("a", pod());
  const entry = queue.pop();
  if (!entry) throw new Error("empty");
  queue.unschedulable({ ...entry, refusedBy: fit });
  await clock.advance(5 * 60_000);
  expect(queue.pop()?.key).toBe("a");
});

test("back-off doubles from one second to ten", async () => {
  const { clock, queue } = queueAt();
  queue.add("a", pod());
  for (const wait of [1000, 2000, 4000, 8000, 10_000, 10_000]) {
    const entry = queue.pop();
    if (!entry) throw new Error("empty");
    queue.retry(entry);
    await clock.advance(wait - 1);
    expect(queue.sizes.active).toBe(0);
    await clock.advance(1);
    expect(queue.sizes.active).toBe(1);
  }
});

test("a removed pod is not handed out", () => {
  const { queue } = queueAt();
  for (const key of ["a", "b", "c", "d"]) queue.add(key, pod());
  queue.remove("b");
  expect([queue.pop()?.key, queue.pop()?.key, queue.pop()?.key, queue.pop()]).not.toContain("b");
});
