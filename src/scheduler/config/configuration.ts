import type { FieldShape, FieldShapes } from "./decode.ts";
import type { ProfilePlugins } from "./profile-plugins.ts";

/** `kubescheduler.config.k8s.io/v1` KubeSchedulerConfiguration, as it stands in a file. */
export interface KubeSchedulerConfiguration {
  readonly apiVersion: string;
  readonly kind: string;
  readonly parallelism?: number;
  readonly leaderElection?: LeaderElectionConfiguration;
  readonly clientConnection?: ClientConnectionConfiguration;
  readonly enableProfiling?: boolean;
  readonly enableContentionProfiling?: boolean;
  readonly percentageOfNodesToScore?: number;
  readonly podInitialBackoffSeconds?: number;
  readonly podMaxBackoffSeconds?: number;
  readonly profiles?: readonly KubeSchedulerProfile[];
  readonly extenders?: readonly ExtenderConfiguration[];
  readonly delayCacheUntilActive?: boolean;
}

/** A configuration with its defaults filled in. */
export interface CompleteConfiguration {
  readonly apiVersion: string;
  /** Accepted and kept; a cycle here runs on one thread. */
  readonly parallelism: number;
  readonly leaderElection: Required<LeaderElectionConfiguration>;
  readonly clientConnection: ClientConnectionConfiguration;
  readonly percentageOfNodesToScore: number;
  readonly podInitialBackoffSeconds: number;
  readonly podMaxBackoffSeconds: number;
  readonly profiles: readonly KubeSchedulerProfile[];
  readonly extenders: readonly ExtenderConfiguration[];
}

export interface LeaderElectionConfiguration {
  readonly leaderElect?: boolean;
  readonly leaseDuration?: string;
  readonly renewDeadline?: string;
  readonly retryPeriod?: string;
  readonly resourceLock?: string;
  readonly resourceName?: string;
  readonly resourceNamespace?: string;
}

export interface ClientConnectionConfiguration {
  readonly kubeconfig?: string;
  readonly acceptContentTypes?: string;
  readonly contentType?: string;
  readonly qps?: number;
  readonly burst?: number;
}

export interface KubeSchedulerProfile {
  readonly schedulerName?: string;
  readonly percentageOfNodesToScore?: number;
  readonly plugins?: ProfilePlugins;
  readonly pluginConfig?: readonly PluginConfig[];
}

export interface PluginConfig {
  readonly name: string;
  readonly args?: unknown;
}

export interface ExtenderConfiguration {
  readonly urlPrefix: string;
  readonly filterVerb?: string;
  readonly preemptVerb?: string;
  readonly prioritizeVerb?: string;
  readonly bindVerb?: string;
  readonly weight?: number;
  readonly enableHTTPS?: boolean;
  readonly tlsConfig?: ExtenderTLSConfig;
  /** Default 5 s. */
  readonly httpTimeout?: string;
  /** The extender knows the nodes: names are sent in place of objects. */
  readonly nodeCacheCapable?: boolean;
  readonly managedResources?: readonly { readonly name: string; readonly ignoredByScheduler?: boolean }[];
  /** Pods are scheduled also while the extender does not answer. */
  readonly ignorable?: boolean;
}

export interface ExtenderTLSConfig {
  readonly insecure?: boolean;
  readonly serverName?: string;
  readonly certFile?: string;
  readonly keyFile?: string;
  readonly caFile?: string;
  /** Base64. */
  readonly certData?: string;
  readonly keyData?: string;
  readonly caData?: string;
}

const pluginRefs: FieldShape = { list: { fields: { name: "string", weight: "integer" } } };
const pluginSet: FieldShape = { fields: { enabled: pluginRefs, disabled: pluginRefs } };

const pluginShapes: FieldShapes = {
  multiPoint: pluginSet,
  preEnqueue: pluginSet,
  queueSort: pluginSet,
  preFilter: pluginSet,
  filter: pluginSet,
  postFilter: pluginSet,
  preScore: pluginSet,
  score: pluginSet,
  reserve: pluginSet,
  permit: pluginSet,
  preBind: pluginSet,
  bind: pluginSet,
  postBind: pluginSet,
};

const profileShape: FieldShape = {
  fields: {
    schedulerName: "string",
    percentageOfNodesToScore: "integer",
    plugins: { fields: pluginShapes },
    pluginConfig: { list: { fields: { name: "string", args: "any" } } },
  },
};

const extenderShape: FieldShape = {
  fields: {
    urlPrefix: "string",
    filterVerb: "string",
    preemptVerb: "string",
    prioritizeVerb: "string",
    bindVerb: "string",
    weight: "integer",
    enableHTTPS: "boolean",
    tlsConfig: {
      fields: {
        insecure: "boolean",
        serverName: "string",
        certFile: "string",
        keyFile: "string",
        caFile: "string",
        certData: "string",
        keyData: "string",
        caData: "string",
      },
    },
    httpTimeout: "duration",
    nodeCacheCapable: "boolean",
    managedResources: { list: { fields: { name: "string", ignoredByScheduler: "boolean" } } },
    ignorable: "boolean",
  },
};

export const configurationShape: FieldShape = {
  fields: {
    apiVersion: "string",
    kind: "string",
    parallelism: "integer",
    leaderElection: {
      fields: {
        leaderElect: "boolean",
        leaseDuration: "duration",
        renewDeadline: "duration",
        retryPeriod: "duration",
        resourceLock: "string",
        resourceName: "string",
        resourceNamespace: "string",
      },
    },
    clientConnection: {
      fields: {
        kubeconfig: "string",
        acceptContentTypes: "string",
        contentType: "string",
        qps: "number",
        burst: "integer",
      },
    },
    enableProfiling: "boolean",
    enableContentionProfiling: "boolean",
    percentageOfNodesToScore: "integer",
    podInitialBackoffSeconds: "integer",
    podMaxBackoffSeconds: "integer",
    profiles: { list: profileShape },
    extenders: { list: extenderShape },
    delayCacheUntilActive: "boolean",
  },
};

/** The fields of the default plugins' arguments, beside apiVersion and kind. */
const resourceSpecs: FieldShape = { list: { fields: { name: "string", weight: "integer" } } };
const utilizationShape: FieldShape = { list: { fields: { utilization: "integer", score: "integer" } } };

export const pluginArgsShapes: Readonly<Record<string, FieldShapes>> = {
  DefaultPreemption: { minCandidateNodesPercentage: "integer", minCandidateNodesAbsolute: "integer" },
  DynamicResources: { filterTimeout: "duration", bindingTimeout: "duration" },
  InterPodAffinity: { hardPodAffinityWeight: "integer", ignorePreferredTermsOfExistingPods: "boolean" },
  NodeAffinity: { addedAffinity: "any" },
  NodeResourcesBalancedAllocation: { resources: resourceSpecs },
  NodeResourcesFit: {
    ignoredResources: { list: "string" },
    ignoredResourceGroups: { list: "string" },
    scoringStrategy: {
      fields: {
        type: "string",
        resources: resourceSpecs,
        requestedToCapacityRatio: { fields: { shape: utilizationShape } },
      },
    },
  },
  PodTopologySpread: { defaultConstraints: { list: "any" }, defaultingType: "string" },
  VolumeBinding: { bindTimeoutSeconds: "integer", shape: utilizationShape },
};
