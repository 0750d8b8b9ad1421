/** What controllers that own pods share: when a pod counts, which pods go first, making and deleting them. */
export { byNode, indexByNode } from "./by-node.ts";
export { deletionOrder, leastActiveFirst } from "./deletion-order.ts";
export { isNamespaceTerminating, messageOf, PodControl, podFromTemplate } from "./pod-control.ts";
export {
  availableInMs,
  hasEnded,
  isActive,
  isAvailable,
  isReady,
  isTerminating,
  readyCondition,
  readySinceMs,
} from "./pod-state.ts";
