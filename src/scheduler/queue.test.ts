import { expect, test } from "vitest";
import type { Node, Pod } from "../api/types/index.ts";
import { VirtualClock } from "../host/index.ts";
import type { ClusterEvent, QueueingHints } from "./events.ts";
import type { PreEnqueuePlugin } from "./framework.ts";
import { prioritySort, schedulingGates } from "./plugins/queue-basics.ts";
import { podInfoOf } from "./pod-info.ts";
import { SchedulingQueue } from "./queue.ts";
import type { QueuedPod } from "./queued-pod.ts";

function pod(name: string, { priority = 0, gates = [] as string[], labels = {} } = {}) {
  return podInfoOf({
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name, namespace: "d", labels },
    spec: { containers: [], priority, schedulingGates: gates.map((gate) => ({ name: gate })) },
  } as Pod);
}

const node = (name: string) => ({ apiVersion: "v1", kind: "Node", metadata: { name } }) as Node;
const relabelled: ClusterEvent = { kind: "node/labels", node: node("n"), old: node("n") };
const left: ClusterEvent = { kind: "assigned-pod/deleted", pod: pod("gone").pod };
const fit = new Set(["NodeResourcesFit"]);

function queueAt(more: { hints?: [string, QueueingHints][]; preEnqueues?: PreEnqueuePlugin[] } = {}) {
  const clock = new VirtualClock(0);
  const { hints = [["NodeResourcesFit", { "assigned-pod/deleted": true }]], preEnqueues = [schedulingGates] } = more;
  const profile = { preEnqueues, hints: new Map<string, QueueingHints>(hints) };
  const queue = new SchedulingQueue({
    clock,
    compare: prioritySort.compare,
    profileOf: () => profile,
    onActive: () => {},
  });
  return { clock, queue };
}

function popped(queue: SchedulingQueue): QueuedPod {
  const entry = queue.pop();
  if (!entry) throw new Error("empty");
  return entry;
}

test("hands out by priority, then by age, also within a millisecond", () => {
  const { queue } = queueAt();
  for (const info of [pod("a"), pod("b"), pod("c", { priority: 5 }), pod("d")]) queue.add(info);
  expect([1, 2, 3, 4, 5].map(() => queue.pop()?.key)).toEqual(["d/c", "d/a", "d/b", "d/d", undefined]);
});

test("an unschedulable pod waits for an event that can help it, then for its back-off", async () => {
  const { clock, queue } = queueAt();
  queue.add(pod("a"));
  queue.unschedulable({ ...popped(queue), refusedBy: fit });
  queue.event(relabelled);
  expect(queue.sizes).toEqual({ active: 0, backoff: 0, unschedulable: 1, gated: 0 });
  queue.event(left);
  expect(queue.sizes).toEqual({ active: 0, backoff: 1, unschedulable: 0, gated: 0 });
  await clock.advance(1000);
  expect(queue.sizes.active).toBe(1);
  expect(queue.pop()?.key).toBe("d/a");
});

test("what backs off because no node fitted is handed out early when nothing else is there", () => {
  const { queue } = queueAt();
  for (const info of [pod("a"), pod("b", { priority: 1 })]) queue.add(info);
  const entries = [popped(queue), popped(queue)];
  for (const entry of entries) queue.unschedulable({ ...entry, refusedBy: fit });
  queue.event(left);
  expect(queue.sizes.backoff).toBe(2);
  expect([queue.pop()?.key, queue.pop()?.key, queue.pop()]).toEqual(["d/b", "d/a", undefined]);
});

test("after an error the back-off is kept to its end", async () => {
  const { clock, queue } = queueAt();
  queue.add(pod("a"));
  queue.retry(popped(queue));
  expect(queue.pop()).toBeUndefined();
  await clock.advance(1000);
  expect(queue.pop()?.key).toBe("d/a");
});

test("a hint is asked about the pod and the event", () => {
  const sameTeam: QueueingHints = {
    "assigned-pod/deleted": (info, event) => event.pod.metadata.labels?.team === info.labels.team,
  };
  const { queue } = queueAt({ hints: [["NodeResourcesFit", sameTeam]] });
  queue.add(pod("a", { labels: { team: "x" } }));
  queue.unschedulable({ ...popped(queue), refusedBy: fit });
  queue.event({ kind: "assigned-pod/deleted", pod: pod("other", { labels: { team: "y" } }).pod });
  expect(queue.sizes.unschedulable).toBe(1);
  queue.event({ kind: "assigned-pod/deleted", pod: pod("own", { labels: { team: "x" } }).pod });
  expect(queue.sizes.unschedulable).toBe(0);
});

test("a pod that a plugin without hints refused wakes at any event", () => {
  const { queue } = queueAt();
  queue.add(pod("a"));
  queue.unschedulable({ ...popped(queue), refusedBy: new Set(["Custom"]) });
  queue.event(relabelled);
  expect(queue.sizes).toMatchObject({ unschedulable: 0, backoff: 1 });
});

test("an event during the cycle is not missed", () => {
  const { queue } = queueAt();
  queue.add(pod("a"));
  const entry = popped(queue);
  queue.event(left);
  queue.unschedulable({ ...entry, refusedBy: fit });
  expect(queue.sizes.backoff).toBe(1);
});

test("an event before the cycle is not counted to it", () => {
  const { queue } = queueAt();
  for (const info of [pod("a"), pod("b")]) queue.add(info);
  const first = popped(queue);
  queue.event(left);
  const second = popped(queue);
  queue.unschedulable({ ...second, refusedBy: fit });
  expect(queue.sizes).toMatchObject({ unschedulable: 1, backoff: 0 });
  queue.unschedulable({ ...first, refusedBy: fit });
  expect(queue.sizes).toMatchObject({ unschedulable: 1, backoff: 1 });
});

test("without any event it is tried again after five minutes", async () => {
  const { clock, queue } = queueAt();
  queue.add(pod("a"));
  queue.unschedulable({ ...popped(queue), refusedBy: fit });
  await clock.advance(5 * 60_000);
  expect(queue.pop()?.key).toBe("d/a");
});

test("back-off doubles from one second to ten", async () => {
  const { clock, queue } = queueAt();
  queue.add(pod("a"));
  for (const wait of [1000, 2000, 4000, 8000, 10_000, 10_000]) {
    queue.retry(popped(queue));
    await clock.advance(wait - 1);
    expect(queue.sizes.active).toBe(0);
    await clock.advance(1);
    expect(queue.sizes.active).toBe(1);
  }
});

test("a removed pod is not handed out", () => {
  const { queue } = queueAt();
  for (const name of ["a", "b", "c", "e"]) queue.add(pod(name));
  queue.remove("d/b");
  expect([queue.pop()?.key, queue.pop()?.key, queue.pop()?.key, queue.pop()]).not.toContain("d/b");
});

test("a gated pod is handed out once its gates are gone, and no event before wakes it", () => {
  const { queue } = queueAt();
  queue.add(pod("a", { gates: ["example.com/quota"] }));
  expect(queue.sizes.gated).toBe(1);
  queue.event(left);
  expect(queue.pop()).toBeUndefined();
  queue.add(pod("a"));
  expect(queue.pop()?.key).toBe("d/a");
});

test("a PreEnqueue plugin is asked again at its events, and when it says so", () => {
  let isOpen = false;
  const gate: PreEnqueuePlugin = {
    name: "Gate",
    wakesOn: { "assigned-pod/deleted": true },
    preEnqueue: () => (isOpen ? undefined : "closed"),
  };
  const { queue } = queueAt({ preEnqueues: [gate], hints: [["Gate", gate.wakesOn ?? {}]] });
  for (const name of ["a", "b"]) queue.add(pod(name));
  queue.event(left);
  expect(queue.sizes.gated).toBe(2);
  isOpen = true;
  queue.event(relabelled);
  expect(queue.sizes.gated).toBe(2);
  queue.event(left);
  expect(queue.sizes).toMatchObject({ gated: 0, active: 2 });
  isOpen = false;
  queue.add(pod("e"));
  isOpen = true;
  queue.recheckGated();
  expect(queue.sizes).toMatchObject({ gated: 0, active: 3 });
});

test("a pod that changes during its cycle is tried again after its back-off, and is there once", async () => {
  const { clock, queue } = queueAt();
  queue.add(pod("a"));
  const entry = popped(queue);
  queue.add(pod("a", { labels: { now: "another" } }));
  expect(queue.sizes.active).toBe(0);
  queue.unschedulable({ ...entry, refusedBy: fit });
  expect(queue.sizes).toEqual({ active: 0, backoff: 1, unschedulable: 0, gated: 0 });
  await clock.advance(1000);
  expect([queue.pop()?.key, queue.pop()]).toEqual(["d/a", undefined]);
});

test("pods that belong together are taken together, wherever they wait", () => {
  const { queue } = queueAt();
  for (const name of ["a", "b", "c", "other"]) queue.add(pod(name, { labels: name === "other" ? {} : { gang: "g" } }));
  queue.unschedulable({ ...popped(queue), refusedBy: fit });
  expect(
    queue
      .popAll(({ labels }) => labels.gang === "g")
      .map(({ key }) => key)
      .sort(),
  ).toEqual(["d/a", "d/b", "d/c"]);
  expect([queue.pop()?.key, queue.pop()]).toEqual(["d/other", undefined]);
});
