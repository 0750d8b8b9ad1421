/** The plugins of the default scheduler and their order: filters cheapest first. One file a plugin. */
import type { FilterPlugin, ReservePlugin, ScorePlugin } from "../framework.ts";
import { imageLocality } from "./image-locality.ts";
import { interPodAffinity } from "./inter-pod-affinity.ts";
import { nodeAffinity } from "./node-affinity.ts";
import { nodeName, nodePorts, nodeUnschedulable } from "./node-basics.ts";
import { nodeResourcesBalancedAllocation, nodeResourcesFit } from "./node-resources.ts";
import { taintToleration } from "./taint-toleration.ts";
import { podTopologySpread } from "./topology-spread.ts";
import { volumeBinding } from "./volume-binding.ts";
import { nodeVolumeLimits } from "./volume-limits.ts";
import { volumeRestrictions } from "./volume-restrictions.ts";
import { volumeZone } from "./volume-zone.ts";

export const defaultFilters: readonly FilterPlugin[] = [
  nodeUnschedulable,
  nodeName,
  taintToleration,
  nodeAffinity,
  nodePorts,
  nodeResourcesFit,
  volumeRestrictions,
  nodeVolumeLimits,
  volumeBinding,
  volumeZone,
  podTopologySpread,
  interPodAffinity,
];

export const defaultReserves: readonly ReservePlugin[] = [volumeBinding];

export const defaultScores: readonly ScorePlugin[] = [
  taintToleration,
  nodeAffinity,
  nodeResourcesFit,
  podTopologySpread,
  interPodAffinity,
  nodeResourcesBalancedAllocation,
  imageLocality,
];
