// The plugins of the queue: who may be tried, and who goes first.
import type { PreEnqueuePlugin, QueueSortPlugin } from "../framework.ts";

/** Pods with gates are not tried until whoever set them takes them away. */
export const schedulingGates: PreEnqueuePlugin = {
  name: "SchedulingGates",
  wakesOn: {}, // only a change of the pod itself
  preEnqueue: ({ pod }) => {
    const gates = pod.spec?.schedulingGates;
    if (!gates?.length) return undefined;
    return `waiting for scheduling gates: [${gates.map(({ name }) => name).join(" ")}]`;
  },
};

/** Higher priority first, then first come first served. */
export const prioritySort: QueueSortPlugin = {
  name: "PrioritySort",
  compare: (a, b) => b.info.priority - a.info.priority || a.turn - b.turn,
};
