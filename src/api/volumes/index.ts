/** How claims and volumes belong together: who is bound to whom, what fits, what pods ask for. Pure functions. */
export { annotationsOfBinding } from "./annotations.ts";
export { annotated, claimReference, volumeBoundTo } from "./binding.ts";
export { type ClaimedVolume, claimedVolumes } from "./pod-claims.ts";
export {
  claimClass,
  isBoundTo,
  isDelayed,
  isFullyBound,
  reachesNode,
  topologyAllows,
  volumeClass,
} from "./relation.ts";
export { findVolume, type VolumeSearch, whyUnfit } from "./search.ts";
