/** A container runtime in which nothing runs but time: simulated sandboxes, images, programs, logs and probes. */

export { adoptedPod } from "./adopt.ts";
export type { ImageScript } from "./behaviour.ts";
export type { MountedFolder, SimulatedFile, SimulatedFolder } from "./container-files.ts";
export { SimulatedNetwork, simulatedProber } from "./simulated-network.ts";
export type { AdoptedContainer, AdoptedPod, MountingContainer, SimulatedRuntimeOptions } from "./simulated-runtime.ts";
export { SimulatedRuntime } from "./simulated-runtime.ts";
