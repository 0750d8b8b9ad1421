/**
 * The volumes of a node's pods: makes them, keeps them fresh, says what of them a container mounts, takes them away.
 * Which claims are bound to which volumes is decided by controllers; who starts containers is the pod worker.
 */
export { createNodeVolumes, type NodeVolumesOptions } from "./node-volumes.ts";
export { hostsFolder, SimulatedVolumes } from "./simulated-volumes.ts";
export {
  type Environment,
  type Preparation,
  VolumeError,
  type VolumeManager,
  volumeFailure,
} from "./volume-manager.ts";
export type { NamedVolumeUsage, VolumeUsage } from "./volume-usage.ts";
