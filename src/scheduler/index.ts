/**
 * The scheduler owns which node a pod gets: the queue of pods that wait, the view of nodes and what is on them, the
 * framework of plugins that filter and score, and preemption. Starting containers there is left to the kubelet.
 */
export type { ClusterReader, VolumeReader } from "./cluster-state.ts";
export { ClusterState } from "./cluster-state.ts";
export { parseConfiguration, profilesOf, readConfiguration } from "./config/complete.ts";
export type { CompleteConfiguration, KubeSchedulerConfiguration } from "./config/configuration.ts";
export { SchedulerConfigError } from "./config/decode.ts";
export { feasibleNodesWanted, SchedulingCycle } from "./cycle.ts";
export * from "./events.ts";
export * from "./explain/index.ts";
export { createHttpExtender, type Extender } from "./extenders/index.ts";
export { fitMessage } from "./fit-error.ts";
export * from "./framework.ts";
export type { NodeInfo } from "./node-info.ts";
export { defaultFilters, defaultScores } from "./plugins/index.ts";
export { type PodInfo, podInfoOf } from "./pod-info.ts";
export { type CycleProfile, defaultSchedulerName, type Profile, type WeightedScore } from "./profile.ts";
export type { CustomPlugin, ProfileConfig } from "./profile-factory.ts";
export type { QueuedPod } from "./queued-pod.ts";
export { type Scheduler, type SchedulerOptions, startScheduler } from "./scheduler.ts";
