import { expect, test } from "vitest";
import type { DaemonSet, Node, Pod } from "../../api/types/index.ts";
import { daemonStatus, planDaemons } from "./plan.ts";

const rolling = (maxUnavailable: number, maxSurge: number): DaemonSet => ({
  apiVersion: "apps/v1",
  kind: "DaemonSet",
  metadata: { name: "d", namespace: "ns", generation: 2 },
  spec: {
    selector: {},
    template: { metadata: {}, spec: { containers: [] } },
    updateStrategy: { type: "RollingUpdate", rollingUpdate: { maxSurge, maxUnavailable } },
  },
  status: {
    currentNumberScheduled: 0,
    desiredNumberScheduled: 0,
    numberMisscheduled: 0,
    numberReady: 0,
    observedGeneration: 1,
  },
});

interface PodFacts {
  readonly hash?: string;
  readonly second?: number;
  readonly phase?: string;
  readonly ready?: boolean;
  readonly deleted?: boolean;
  readonly generation?: string;
}

function pod(name: string, nodeName: string | undefined, facts: PodFacts = {}): Pod {
  const { hash = "old", second = 1, phase = "Running", ready = true, deleted = false, generation } = facts;
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: {
      name,
      namespace: "ns",
      creationTimestamp: `2026-01-01T00:00:0${second}Z`,
      labels: {
        "controller-revision-hash": hash,
        ...(generation === undefined ? {} : { "pod-template-generation": generation }),
      },
      ...(deleted ? { deletionTimestamp: "2026-01-01T00:01:00Z" } : {}),
    },
    spec: { ...(nodeName === undefined ? {} : { nodeName }), containers: [] },
    status: { phase, conditions: [{ type: "Ready", status: ready ? "True" : "False" }] },
  };
}

const node = (name: string, taint?: string): Node => ({
  apiVersion: "v1",
  kind: "Node",
  metadata: { name },
  spec: taint === undefined ? {} : { taints: [{ key: "k", effect: taint }] },
});

const names = (pods: readonly Pod[]) => pods.map(({ metadata }) => metadata.name);
const see = (set: DaemonSet, nodes: readonly Node[], pods: readonly Pod[], hash = "new") => ({
  set,
  nodes,
  pods,
  hash,
  nowMs: Date.UTC(2026, 0, 1, 1),
});

test("with a surge one old pod stays on a node, however many updates came one after the other", () => {
  const pods = [pod("first", "n", { hash: "first", second: 1 }), pod("second", "n", { hash: "second", second: 2 })];
  expect(names(planDaemons(see(rolling(0, 1), [node("n")], pods, "third")).remove)).toEqual(["second"]);
});

test("failed pods go at once the first time and are told; one that is held back stays and says when to look again", () => {
  const observed = see(
    rolling(1, 0),
    [node("a"), node("b")],
    [pod("x", "a", { phase: "Failed" }), pod("y", "b", { phase: "Failed" })],
  );
  const plan = planDaemons(observed, (name) => (name === "b" ? 4000 : 0));
  expect(names(plan.remove)).toEqual(["x"]);
  expect([plan.failedOn, plan.againAfterMs, plan.create]).toEqual([["a"], 4000, []]);
  expect(plan.events).toEqual([
    {
      type: "Warning",
      reason: "FailedDaemonPod",
      message: "Found failed daemon pod ns/x on node a, will try to kill it",
    },
  ]);
});

test("pods that succeeded are made anew, and told as such", () => {
  const plan = planDaemons(see(rolling(1, 0), [node("a")], [pod("x", "a", { phase: "Succeeded" })]));
  expect(names(plan.remove)).toEqual(["x"]);
  expect(plan.events).toEqual([
    {
      type: "Normal",
      reason: "SucceededDaemonPod",
      message: "Found succeeded daemon pod ns/x on node a, will try to delete it",
    },
  ]);
});

test("a node waits for its pod that is being deleted, unless that has ended or a surge is allowed", () => {
  const leaving = pod("x", "a", { deleted: true });
  expect(planDaemons(see(rolling(1, 0), [node("a")], [leaving])).create).toEqual([]);
  expect(planDaemons(see(rolling(0, 1), [node("a")], [leaving])).create).toEqual(["a"]);
  const ended = pod("x", "a", { deleted: true, phase: "Failed" });
  expect(planDaemons(see(rolling(1, 0), [node("a")], [ended])).create).toEqual(["a"]);
});

test("of two pods on a node the one that is assigned stays, then the older", () => {
  const pending = pod("bound", undefined, { hash: "new", second: 1, phase: "Pending" });
  const affinity = {
    nodeAffinity: {
      requiredDuringSchedulingIgnoredDuringExecution: {
        nodeSelectorTerms: [{ matchFields: [{ key: "metadata.name", operator: "In", values: ["a"] }] }],
      },
    },
  };
  const toA = { ...pending, spec: { ...pending.spec, affinity } };
  const pods = [toA, pod("young", "a", { hash: "new", second: 3 }), pod("running", "a", { hash: "new", second: 2 })];
  expect(names(planDaemons(see(rolling(1, 0), [node("a")], pods)).remove)).toEqual(["young", "bound"]);
});

test("old pods that do nothing are replaced at once and count as unavailable", () => {
  const nodes = [node("a"), node("b"), node("c")];
  const pods = [pod("x", "a"), pod("y", "b", { ready: false }), pod("z", "c")];
  expect(names(planDaemons(see(rolling(1, 0), nodes, pods)).remove)).toEqual(["y"]);
  expect(names(planDaemons(see(rolling(2, 0), nodes, pods)).remove)).toEqual(["y", "x"]);
});

test("an update waits for pods that are being deleted or are not ready yet", () => {
  const nodes = [node("a"), node("b")];
  const leaving = [pod("x", "a", { deleted: true }), pod("y", "b")];
  expect(planDaemons(see(rolling(1, 0), nodes, leaving)).remove).toEqual([]);
  const starting = [pod("x", "a", { hash: "new", ready: false }), pod("y", "b")];
  expect(planDaemons(see(rolling(1, 0), nodes, starting)).remove).toEqual([]);
});

test("a pod of the template generation of old counts as updated", () => {
  const set = rolling(1, 0);
  const annotations = { "deprecated.daemonset.template.generation": "7" };
  const observed = see(
    { ...set, metadata: { ...set.metadata, annotations } },
    [node("a")],
    [pod("x", "a", { generation: "7" })],
  );
  expect(planDaemons(observed).remove).toEqual([]);
  expect(daemonStatus(observed).updatedNumberScheduled).toBe(1);
});

test("with a surge new pods come beside old ones, first where the old one does nothing", () => {
  const nodes = [node("a"), node("b"), node("c")];
  const pods = [pod("x", "a"), pod("y", "b", { ready: false }), pod("z", "c")];
  const plan = planDaemons(see(rolling(0, 1), nodes, pods));
  expect([plan.create, plan.remove]).toEqual([["b", "a"], []]);
  const surging = [...pods, pod("x2", "a", { hash: "new", second: 5, ready: false })];
  expect(planDaemons(see(rolling(0, 1), nodes, surging)).create).toEqual(["b"]);
});

test("with a surge an old pod that is not ready any more makes room for the new one at once", () => {
  const pods = [pod("x", "a", { ready: false }), pod("x2", "a", { hash: "new", second: 5, ready: false })];
  expect(names(planDaemons(see(rolling(0, 1), [node("a")], pods)).remove)).toEqual(["x"]);
});

test("with a surge a node that lost the daemon keeps its pod until another one is available", () => {
  const nodes = [node("a"), node("b", "NoSchedule")];
  const onB = pod("y", "b");
  const starting = [pod("x", "a", { hash: "new", ready: false }), onB];
  expect(planDaemons(see(rolling(0, 1), nodes, starting)).remove).toEqual([]);
  const ready = [pod("x", "a", { hash: "new" }), onB];
  expect(names(planDaemons(see(rolling(0, 1), nodes, ready)).remove)).toEqual(["y"]);
});

test("the status counts the oldest pod of a node as long as it is there, and no pods of nodes that are gone", () => {
  const nodes = [node("a"), node("b"), node("c", "NoSchedule")];
  const pods = [
    pod("x", "a", { deleted: true, second: 1 }),
    pod("x2", "a", { hash: "new", second: 2, ready: false }),
    pod("y", "b", { hash: "new" }),
    pod("z", "c"),
    pod("ghost", "gone"),
  ];
  expect(daemonStatus(see(rolling(1, 0), nodes, pods))).toEqual({
    currentNumberScheduled: 2,
    numberMisscheduled: 1,
    desiredNumberScheduled: 2,
    numberReady: 2,
    observedGeneration: 2,
    updatedNumberScheduled: 1,
    numberAvailable: 2,
  });
});

test("a generation that was only looked at is not told as observed", () => {
  expect(daemonStatus(see(rolling(1, 0), [], []), false).observedGeneration).toBe(1);
});
