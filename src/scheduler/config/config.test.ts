import { expect, test } from "vitest";
import { parseConfiguration, profilesOf, readConfiguration } from "./complete.ts";

const header = { apiVersion: "kubescheduler.config.k8s.io/v1", kind: "KubeSchedulerConfiguration" };
const read = (more: object) => () => readConfiguration({ ...header, ...more });
const withArgs = (name: string, args: object) => read({ profiles: [{ pluginConfig: [{ name, args }] }] });

test("an empty configuration has the original's defaults", async () => {
  const config = await parseConfiguration(`
apiVersion: kubescheduler.config.k8s.io/v1
kind: KubeSchedulerConfiguration
`);
  expect(config).toMatchObject({
    parallelism: 16,
    percentageOfNodesToScore: 0,
    podInitialBackoffSeconds: 1,
    podMaxBackoffSeconds: 10,
    profiles: [{ schedulerName: "default-scheduler" }],
    leaderElection: { leaderElect: true, resourceName: "kube-scheduler", resourceNamespace: "kube-system" },
    clientConnection: { qps: 50, burst: 100 },
  });
});

test("arguments of plugins are completed", () => {
  const [profile] = profilesOf(
    readConfiguration({
      ...header,
      percentageOfNodesToScore: 30,
      profiles: [
        {
          pluginConfig: [
            { name: "InterPodAffinity", args: { kind: "InterPodAffinityArgs", hardPodAffinityWeight: 5 } },
            {
              name: "NodeResourcesFit",
              args: { scoringStrategy: { type: "MostAllocated", resources: [{ name: "cpu" }] } },
            },
            { name: "MyPlugin", args: { anything: 1 } },
          ],
        },
      ],
    }),
  );
  expect(profile?.percentageOfNodesToScore).toBe(30);
  expect(Object.fromEntries(profile?.pluginConfig ?? [])).toEqual({
    InterPodAffinity: { hardPodAffinityWeight: 5, ignorePreferredTermsOfExistingPods: false },
    NodeResourcesFit: {
      ignoredResources: [],
      ignoredResourceGroups: [],
      scoringStrategy: { type: "MostAllocated", resources: [{ name: "cpu", weight: 1 }] },
    },
    MyPlugin: { anything: 1 },
  });
});

const shape = [
  { utilization: 0, score: 0 },
  { utilization: 100, score: 10 },
];

test.each<[string, () => unknown, string]>([
  [
    "another version",
    () => readConfiguration({ ...header, apiVersion: "kubescheduler.config.k8s.io/v1beta2" }),
    'no kind "KubeSchedulerConfiguration" is registered for version "kubescheduler.config.k8s.io/v1beta2"',
  ],
  [
    "a field that there is not",
    read({ profiles: [{ plugins: { score: { enabled: [{ nme: "x" }] } } }] }),
    'strict decoding error: unknown field "profiles[0].plugins.score.enabled[0].nme"',
  ],
  ["a text for a number", read({ parallelism: "4" }), 'parallelism must be an integer, not "4"'],
  [
    "no parallelism",
    read({ parallelism: 0 }),
    "parallelism: Invalid value: 0: should be an integer value greater than zero",
  ],
  [
    "a percentage above 100",
    read({ percentageOfNodesToScore: 101 }),
    "percentageOfNodesToScore: Invalid value: 101: not in valid range [0-100]",
  ],
  [
    "back-off that shrinks, and none",
    read({ podInitialBackoffSeconds: 0, podMaxBackoffSeconds: -1 }),
    "[podInitialBackoffSeconds: Invalid value: 0: must be greater than 0, podMaxBackoffSeconds: Invalid value: -1: must be greater than or equal to PodInitialBackoffSeconds]",
  ],
  [
    "two profiles without names",
    read({ profiles: [{ schedulerName: "a" }, {}, { schedulerName: "a" }] }),
    '[profiles[1].schedulerName: Required value, profiles[2].schedulerName: Duplicate value: "profiles[0].schedulerName"]',
  ],
  [
    "a removed plugin",
    read({ profiles: [{ plugins: { filter: { enabled: [{ name: "EBSLimits" }] } } }] }),
    'profiles[0].plugins.filter.enabled[0]: Invalid value: "EBSLimits": was invalid in version "v1" (KubeSchedulerConfiguration is version "kubescheduler.config.k8s.io/v1")',
  ],
  [
    "arguments twice",
    read({ profiles: [{ pluginConfig: [{ name: "NodeAffinity" }, { name: "NodeAffinity" }] }] }),
    'profiles[0].pluginConfig[1]: Duplicate value: "NodeAffinity"',
  ],
  [
    "queues sorted in two ways",
    read({
      profiles: [
        { schedulerName: "a" },
        { schedulerName: "b", plugins: { queueSort: { enabled: [{ name: "Mine" }] } } },
      ],
    }),
    'profiles[1].plugins.queueSort: Invalid value: {"enabled":[{"name":"Mine"}]}: must be the same for all profiles',
  ],
  [
    "another lock",
    read({ leaderElection: { resourceLock: "endpoints" } }),
    'leaderElection.resourceLock: Invalid value: "endpoints": resourceLock value must be "leases"',
  ],
  [
    "an extender without weight",
    read({ extenders: [{ urlPrefix: "http://x", prioritizeVerb: "p" }] }),
    "extenders[0].weight: Invalid value: 0: must have a positive weight applied to it",
  ],
  [
    "two binders",
    read({
      extenders: [
        { urlPrefix: "http://x", bindVerb: "b" },
        { urlPrefix: "http://y", bindVerb: "b" },
      ],
    }),
    'extenders: Invalid value: "found 2 extenders implementing bind": only one extender can implement bind',
  ],
  [
    "a native resource for an extender",
    read({ extenders: [{ urlPrefix: "http://x", managedResources: [{ name: "cpu" }] }] }),
    'extenders[0].managedResources[0].name: Invalid value: "cpu": is an invalid extended resource name',
  ],
  [
    "no candidates for preemption",
    withArgs("DefaultPreemption", { minCandidateNodesPercentage: 0, minCandidateNodesAbsolute: 0 }),
    "[profiles[0].pluginConfig[0].args.minCandidateNodesPercentage: Invalid value: 0: cannot be zero at the same time as minCandidateNodesAbsolute, profiles[0].pluginConfig[0].args.minCandidateNodesAbsolute: Invalid value: 0: cannot be zero at the same time as minCandidateNodesPercentage]",
  ],
  [
    "a weight of affinity above 100",
    withArgs("InterPodAffinity", { hardPodAffinityWeight: 101 }),
    "profiles[0].pluginConfig[0].args.hardPodAffinityWeight: Invalid value: 101: not in valid range [0, 100]",
  ],
  [
    "arguments of another plugin",
    withArgs("InterPodAffinity", { kind: "NodeAffinityArgs" }),
    "profiles[0].pluginConfig[0].args: args for plugin InterPodAffinity were not of type InterPodAffinityArgs, got NodeAffinityArgs",
  ],
  [
    "a strategy that there is not",
    withArgs("NodeResourcesFit", { scoringStrategy: { type: "Random" } }),
    'profiles[0].pluginConfig[0].args.scoringStrategy.type: Unsupported value: "Random": supported values: "LeastAllocated", "MostAllocated", "RequestedToCapacityRatio"',
  ],
  [
    "a shape where none belongs",
    withArgs("NodeResourcesFit", { scoringStrategy: { type: "LeastAllocated", requestedToCapacityRatio: { shape } } }),
    "profiles[0].pluginConfig[0].args.scoringStrategy.requestedToCapacityRatio: Forbidden: must be nil when type is not RequestedToCapacityRatio",
  ],
  [
    "a shape that goes back",
    withArgs("NodeResourcesFit", {
      scoringStrategy: {
        type: "RequestedToCapacityRatio",
        requestedToCapacityRatio: { shape: [...shape].reverse() },
      },
    }),
    "profiles[0].pluginConfig[0].args.scoringStrategy.requestedToCapacityRatio.shape[1].utilization: Invalid value: 0: values must be sorted in increasing order",
  ],
  [
    "system constraints and own ones",
    withArgs("PodTopologySpread", {
      defaultConstraints: [{ maxSkew: 1, topologyKey: "zone", whenUnsatisfiable: "ScheduleAnyway" }],
    }),
    'profiles[0].pluginConfig[0].args.defaultingType: Invalid value: "System": when .defaultConstraints are not empty',
  ],
  [
    "a default constraint with a selector",
    withArgs("PodTopologySpread", {
      defaultingType: "List",
      defaultConstraints: [{ maxSkew: 1, topologyKey: "zone", whenUnsatisfiable: "ScheduleAnyway", labelSelector: {} }],
    }),
    "profiles[0].pluginConfig[0].args.defaultConstraints[0].labelSelector: Forbidden: constraint must not define a selector, as they deduced for each pod",
  ],
  [
    "an unbalanced weight",
    withArgs("NodeResourcesBalancedAllocation", { resources: [{ name: "cpu", weight: 2 }] }),
    "profiles[0].pluginConfig[0].args.resources[0].weight: Invalid value: 2: must be 1",
  ],
])("refuses %s", (_, fails, message) => {
  expect(fails).toThrow(message);
});
