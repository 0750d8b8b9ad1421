/** The plugins that come with the scheduler, by the original's names, and the profile that they make by default. One file a plugin. */
import { defaultPluginArgs, type PluginArgs } from "../config/plugin-args.ts";
import type { FilterPlugin, PluginFactory, PluginHandle } from "../framework.ts";
import type { WeightedScore } from "../profile.ts";
import { createDefaultBinder } from "./default-binder.ts";
import { createDefaultPreemption } from "./default-preemption.ts";
import { createDynamicResources } from "./dynamic-resources/index.ts";
import { createGangScheduling } from "./gang-scheduling.ts";
import { imageLocality } from "./image-locality.ts";
import { createInterPodAffinity, interPodAffinity } from "./inter-pod-affinity.ts";
import { createNodeAffinity, nodeAffinity } from "./node-affinity.ts";
import { nodeName, nodePorts, nodeUnschedulable } from "./node-basics.ts";
import { createNodeResourcesFit, nodeResourcesFit } from "./node-resources.ts";
import { prioritySort, schedulingGates } from "./queue-basics.ts";
import { createBalancedAllocation, nodeResourcesBalancedAllocation } from "./resource-scorers.ts";
import { taintToleration } from "./taint-toleration.ts";
import { createPodTopologySpread, podTopologySpread } from "./topology-spread.ts";
import { createVolumeBinding, volumeBinding } from "./volume-binding.ts";
import { nodeVolumeLimits } from "./volume-limits.ts";
import { volumeRestrictions } from "./volume-restrictions.ts";
import { volumeZone } from "./volume-zone.ts";

/** Plugins that the default profile has at every extension point that they implement, in this order, with the weights of their scores. */
export const defaultPlugins: readonly { readonly name: string; readonly weight?: number }[] = [
  { name: "SchedulingGates" },
  { name: "PrioritySort" },
  { name: "NodeUnschedulable" },
  { name: "NodeName" },
  { name: "TaintToleration", weight: 3 },
  { name: "NodeAffinity", weight: 2 },
  { name: "NodePorts" },
  { name: "NodeResourcesFit", weight: 1 },
  { name: "VolumeRestrictions" },
  { name: "NodeVolumeLimits" },
  { name: "VolumeBinding" },
  { name: "VolumeZone" },
  { name: "PodTopologySpread", weight: 2 },
  { name: "InterPodAffinity", weight: 2 },
  // Before preemption: to take back devices that nobody uses is better than to remove pods.
  { name: "DynamicResources" },
  { name: "DefaultPreemption" },
  { name: "NodeResourcesBalancedAllocation", weight: 1 },
  { name: "ImageLocality", weight: 1 },
  { name: "DefaultBinder" },
];

/** The factory of a plugin whose arguments, when the configuration has some, have been checked and completed. */
function withArgs<Name extends keyof PluginArgs>(
  name: Name,
  create: (args: PluginArgs[Name], handle: PluginHandle) => ReturnType<PluginFactory>,
): PluginFactory {
  return (args, handle) => create((args ?? defaultPluginArgs[name]) as PluginArgs[Name], handle);
}

/** By the names that configurations use. */
export const pluginRegistry: Readonly<Record<string, PluginFactory>> = {
  SchedulingGates: () => schedulingGates,
  PrioritySort: () => prioritySort,
  NodeUnschedulable: () => nodeUnschedulable,
  NodeName: () => nodeName,
  TaintToleration: () => taintToleration,
  NodeAffinity: withArgs("NodeAffinity", createNodeAffinity),
  NodePorts: () => nodePorts,
  NodeResourcesFit: withArgs("NodeResourcesFit", createNodeResourcesFit),
  VolumeRestrictions: () => volumeRestrictions,
  NodeVolumeLimits: () => nodeVolumeLimits,
  VolumeBinding: withArgs("VolumeBinding", createVolumeBinding),
  VolumeZone: () => volumeZone,
  PodTopologySpread: withArgs("PodTopologySpread", createPodTopologySpread),
  InterPodAffinity: withArgs("InterPodAffinity", createInterPodAffinity),
  DynamicResources: (_, handle) => createDynamicResources(handle),
  GangScheduling: (_, handle) => createGangScheduling(handle),
  DefaultPreemption: withArgs("DefaultPreemption", createDefaultPreemption),
  NodeResourcesBalancedAllocation: withArgs("NodeResourcesBalancedAllocation", createBalancedAllocation),
  ImageLocality: () => imageLocality,
  DefaultBinder: (_, handle) => createDefaultBinder(handle),
};

/** Those filters of the default profile that need nothing but the cluster's state, in their order. */
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

/** The scores of the default profile. */
export const defaultScores: readonly WeightedScore[] = [
  { plugin: taintToleration, weight: 3 },
  { plugin: nodeAffinity, weight: 2 },
  { plugin: nodeResourcesFit, weight: 1 },
  { plugin: podTopologySpread, weight: 2 },
  { plugin: interPodAffinity, weight: 2 },
  { plugin: nodeResourcesBalancedAllocation, weight: 1 },
  { plugin: imageLocality, weight: 1 },
];
