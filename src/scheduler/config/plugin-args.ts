import type { NodeAffinity, TopologySpreadConstraint } from "../../api/types/index.ts";

/** Arguments of the default plugins as kubescheduler.config.k8s.io/v1 has them, with defaults filled in. */
export interface ResourceWeight {
  readonly name: string;
  /** 1 to 100. */
  readonly weight: number;
}

/** A point of a broken line: at this utilization (percent) this score (0 to 10). */
export interface UtilizationPoint {
  readonly utilization: number;
  readonly score: number;
}

export interface ScoringStrategy {
  readonly type: "LeastAllocated" | "MostAllocated" | "RequestedToCapacityRatio";
  readonly resources: readonly ResourceWeight[];
  readonly requestedToCapacityRatio?: { readonly shape: readonly UtilizationPoint[] };
}

export interface NodeResourcesFitArgs {
  /** Extended resources that this scheduler does not count. */
  readonly ignoredResources: readonly string[];
  /** The same by the part of the name before the slash. */
  readonly ignoredResourceGroups: readonly string[];
  readonly scoringStrategy: ScoringStrategy;
}

export interface NodeResourcesBalancedAllocationArgs {
  readonly resources: readonly ResourceWeight[];
}

export interface NodeAffinityArgs {
  /** Holds for every pod of the profile, beside its own. */
  readonly addedAffinity?: NodeAffinity;
}

export interface PodTopologySpreadArgs {
  /** For pods of services and workloads that have no constraints of their own; only with `List`. */
  readonly defaultConstraints: readonly TopologySpreadConstraint[];
  readonly defaultingType: "System" | "List";
}

export interface InterPodAffinityArgs {
  /** How much a pod attracts others by its required affinity, 0 to 100. */
  readonly hardPodAffinityWeight: number;
  readonly ignorePreferredTermsOfExistingPods: boolean;
}

export interface DefaultPreemptionArgs {
  /** Of the nodes where preemption may help, how many are tried: this part of them, but at least so many. */
  readonly minCandidateNodesPercentage: number;
  readonly minCandidateNodesAbsolute: number;
}

export interface VolumeBindingArgs {
  readonly bindTimeoutSeconds: number;
  /** Prefers nodes by how full their volumes would be (StorageCapacityScoring). */
  readonly shape?: readonly UtilizationPoint[];
}

export interface DynamicResourcesArgs {
  /** How long one node may take in Filter; 0 has no limit. */
  readonly filterTimeout: string;
}

export const cpuAndMemory: readonly ResourceWeight[] = [
  { name: "cpu", weight: 1 },
  { name: "memory", weight: 1 },
];

/** Arguments of a plugin that the configuration says nothing of, by plugin name. */
export const defaultPluginArgs = {
  DefaultPreemption: { minCandidateNodesPercentage: 10, minCandidateNodesAbsolute: 100 },
  DynamicResources: { filterTimeout: "10s" },
  InterPodAffinity: { hardPodAffinityWeight: 1, ignorePreferredTermsOfExistingPods: false },
  NodeAffinity: {},
  NodeResourcesBalancedAllocation: { resources: cpuAndMemory },
  NodeResourcesFit: {
    ignoredResources: [],
    ignoredResourceGroups: [],
    scoringStrategy: { type: "LeastAllocated", resources: cpuAndMemory },
  },
  PodTopologySpread: { defaultConstraints: [], defaultingType: "System" },
  VolumeBinding: { bindTimeoutSeconds: 600 },
} as const satisfies PluginArgs;

export interface PluginArgs {
  readonly DefaultPreemption: DefaultPreemptionArgs;
  readonly DynamicResources: DynamicResourcesArgs;
  readonly InterPodAffinity: InterPodAffinityArgs;
  readonly NodeAffinity: NodeAffinityArgs;
  readonly NodeResourcesBalancedAllocation: NodeResourcesBalancedAllocationArgs;
  readonly NodeResourcesFit: NodeResourcesFitArgs;
  readonly PodTopologySpread: PodTopologySpreadArgs;
  readonly VolumeBinding: VolumeBindingArgs;
}
