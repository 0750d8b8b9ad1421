/**
 * The scheduler owns which node a pod gets: the queue of pods that wait, the view of nodes and what is on them, the
 * plugins that filter and score, and preemption. Starting containers there is left to the kubelet.
 */
export type { ClusterReader, VolumeReader } from "./cluster-state.ts";
export { ClusterState } from "./cluster-state.ts";
export { feasibleNodesWanted, type Profile, SchedulingCycle } from "./cycle.ts";
export { fitMessage } from "./fit-error.ts";
export * from "./framework.ts";
export { defaultFilters, defaultReserves, defaultScores } from "./plugins/index.ts";
export { podInfoOf } from "./pod-info.ts";
export { type Scheduler, type SchedulerOptions, startScheduler } from "./scheduler.ts";
