/** A real container runtime for tests: containerd with its own folders, and images made on the spot. */
export { containerdNeeds, TestContainerd } from "./containerd.ts";
export { boxImage, type ImageSpec, pauseImage, pauseProgram, usualImages } from "./images.ts";
export {
  boxPod,
  containerIdOf,
  freeRange,
  isReady,
  type PodDraft,
  RealNodeBox,
  type RealNodeSettings,
} from "./real-node.ts";
