import { expect, test } from "vitest";
import { formatTime } from "../../api/meta/index.ts";
import type { Pod, StatefulSet } from "../../api/types/index.ts";
import { planStatefulSet } from "./plan.ts";

const nowMs = Date.UTC(2026, 0, 1, 1);

interface Case {
  readonly policy: "OrderedReady" | "Parallel";
  /** Pods that are there. */
  readonly replicas: number;
  /** Pods that there shall be: as many as there are, unless it is told. */
  readonly wanted?: number;
  readonly partition?: number;
  readonly maxUnavailable?: number | string;
  readonly minReadySeconds?: number;
  /** Ordinals of pods that are not ready, ready since just now, or being deleted. */
  readonly notReady?: readonly number[];
  readonly young?: readonly number[];
  readonly leaving?: readonly number[];
  /** Ordinals that are removed, in their order. */
  readonly removed: readonly number[];
}

function removedIn({
  policy,
  replicas,
  wanted = replicas,
  notReady = [],
  young = [],
  leaving = [],
  ...more
}: Case): number[] {
  const { partition = 0, maxUnavailable, minReadySeconds } = more;
  const set: StatefulSet = {
    apiVersion: "apps/v1",
    kind: "StatefulSet",
    metadata: { name: "db" },
    spec: {
      replicas: wanted,
      serviceName: "db",
      podManagementPolicy: policy,
      minReadySeconds,
      selector: {},
      template: { metadata: {}, spec: { containers: [] } },
      updateStrategy: { type: "RollingUpdate", rollingUpdate: { partition, maxUnavailable } },
    },
  };
  const pods = Array.from({ length: replicas }, (_, ordinal): Pod => {
    const since = young.includes(ordinal) ? nowMs : nowMs - 3_600_000;
    const status = notReady.includes(ordinal) ? "False" : "True";
    return {
      apiVersion: "v1",
      kind: "Pod",
      metadata: {
        name: `db-${ordinal}`,
        labels: { "controller-revision-hash": "old" },
        ...(leaving.includes(ordinal) ? { deletionTimestamp: formatTime(nowMs) } : {}),
      },
      spec: { containers: [] },
      status: { phase: "Running", conditions: [{ type: "Ready", status, lastTransitionTime: formatTime(since) }] },
    };
  });
  const actions = planStatefulSet({ set, pods, currentRevision: "old", updateRevision: "new", nowMs });
  return actions.map((action) => (action.kind === "remove" ? Number(action.pod.metadata.name?.slice(3)) : -1));
}

test.each<Case & { readonly what: string }>([
  { what: "the highest goes first, one at a time", policy: "OrderedReady", replicas: 3, removed: [2] },
  { what: "as many as may be unavailable", policy: "OrderedReady", replicas: 5, maxUnavailable: 2, removed: [4, 3] },
  { what: "parts are rounded down", policy: "OrderedReady", replicas: 5, maxUnavailable: "50%", removed: [4, 3] },
  { what: "but one at least may be", policy: "OrderedReady", replicas: 5, maxUnavailable: "10%", removed: [4] },
  {
    what: "none below the partition",
    policy: "OrderedReady",
    replicas: 3,
    partition: 2,
    maxUnavailable: 3,
    removed: [2],
  },
  { what: "in order an idle pod holds the update up", policy: "OrderedReady", replicas: 3, notReady: [2], removed: [] },
  { what: "without order it goes", policy: "Parallel", replicas: 3, notReady: [2], removed: [2] },
  { what: "also the only one", policy: "Parallel", replicas: 1, notReady: [0], removed: [0] },
  {
    what: "also more than may be unavailable",
    policy: "Parallel",
    replicas: 3,
    notReady: [0, 1, 2],
    removed: [2, 1, 0],
  },
  { what: "idle ones first", policy: "Parallel", replicas: 4, maxUnavailable: 2, notReady: [0, 1], removed: [1, 0] },
  { what: "then others", policy: "Parallel", replicas: 5, maxUnavailable: 3, notReady: [0, 1], removed: [1, 0, 4] },
  { what: "one that leaves uses up what may be", policy: "Parallel", replicas: 3, leaving: [2], removed: [] },
  {
    what: "with one that leaves and one that is idle, one more goes",
    policy: "Parallel",
    replicas: 5,
    maxUnavailable: 3,
    leaving: [4],
    notReady: [3],
    removed: [3, 2],
  },
  { what: "ready is not available", policy: "Parallel", replicas: 3, minReadySeconds: 30, young: [2], removed: [2] },
  {
    what: "an idle one below the partition counts",
    policy: "Parallel",
    replicas: 5,
    partition: 2,
    notReady: [1],
    removed: [],
  },
  {
    what: "an idle one at the partition goes",
    policy: "Parallel",
    replicas: 5,
    partition: 2,
    notReady: [2],
    removed: [2],
  },
])("an update removes old pods: $what", ({ what: _, removed, ...facts }) => {
  expect(removedIn({ ...facts, removed })).toEqual(removed);
});

test.each<Case & { readonly what: string }>([
  { what: "from the highest", policy: "OrderedReady", replicas: 4, wanted: 2, removed: [3] },
  { what: "all at once without order", policy: "Parallel", replicas: 4, wanted: 2, removed: [3, 2] },
  { what: "not past one that is idle", policy: "OrderedReady", replicas: 4, wanted: 1, notReady: [1, 3], removed: [] },
  {
    what: "but the first that is idle may go",
    policy: "OrderedReady",
    replicas: 4,
    wanted: 1,
    notReady: [3],
    removed: [3],
  },
  {
    what: "not past one that is ready for too short a time",
    policy: "OrderedReady",
    replicas: 4,
    wanted: 1,
    minReadySeconds: 30,
    young: [1, 3],
    removed: [],
  },
])("scaling down removes pods: $what", ({ what: _, removed, ...facts }) => {
  expect(removedIn({ ...facts, removed })).toEqual(removed);
});
