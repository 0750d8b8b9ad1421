/** Where a pod may be, as the API defines it: node selectors, node affinity, taints and tolerations. Pure functions. */
export { matchesNodeSelectorTerm, mayRunOn, type PlacedNode } from "./node-selector.ts";
export { isTolerated, type TaintLike, tolerates } from "./tolerations.ts";
