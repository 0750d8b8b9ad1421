/**
 * Static pods: pods that a folder of the node's machine asks for, and their mirrors in the API. How they run is left to
 * the pod worker, to which they are pods like others.
 */
export { isStaticPod, mirroredHash } from "./static-pod.ts";
export { type StaticPodHandlers, StaticPods, type StaticPodsOptions } from "./static-pods.ts";
