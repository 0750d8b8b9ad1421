// What happens to the workloads: each action is a name and a few numbers, so that a run can be generated, shrunk and told.

import { ApiError, type KubeObject, keyOf } from "../../../src/api/meta/index.ts";
import type { Job, Pod } from "../../../src/api/types/index.ts";
import { type ResourceType, resources } from "../../../src/client/index.ts";
import { namespace, nodeNames, type World } from "./workload-world.ts";

export interface Action {
  readonly act: ActionName;
  /** Which of the objects, pods or nodes, and how it is to be; any whole numbers. */
  readonly which: number;
  readonly how: number;
  /** How much time passes after it. */
  readonly thenMs: number;
}

export type ActionName = keyof typeof actions;

/** Does it. What the server refuses is told, and no failure. */
export async function perform(world: World, { act, which, how }: Action): Promise<string> {
  try {
    return `${act} ${await actions[act](world, which, how)}`;
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    return `${act} refused: ${error.message}`;
  }
}

const pick = <T>(items: readonly T[], which: number): T => items[which % items.length] as T;
const propagations = ["Background", "Foreground", "Orphan"] as const;

const workloads: readonly (readonly [ResourceType, string])[] = [
  [resources.deployments, "d0"],
  [resources.deployments, "d1"],
  [resources.replicasets, "r0"],
  [resources.statefulsets, "s0"],
  [resources.statefulsets, "s1"],
  [resources.daemonsets, "ds0"],
  [resources.jobs, "j0"],
  [resources.jobs, "j1"],
  [resources.jobs, "j2"],
];
const scalable: readonly (readonly [ResourceType, string])[] = workloads.filter(
  ([{ kind }]) => kind !== "DaemonSet" && kind !== "Job",
);
const templated = workloads.filter(([{ kind }]) => kind !== "Job");

const actions = {
  create: (world: World, which: number, how: number) => create(world, pick(workloads, which), how),
  delete: async (world: World, which: number, how: number) => {
    const [type, name] = pick(workloads, which);
    const propagationPolicy = pick(propagations, how);
    await world.client.resource(type).delete({ namespace, name }, { propagationPolicy });
    return `${type.kind} ${name} ${propagationPolicy}`;
  },
  scale: (world: World, which: number, how: number) => patch(world, pick(scalable, which), { replicas: how % 6 }, how),
  /** One of few versions, so that it is often an older one. */
  update: (world: World, which: number, how: number) =>
    patch(world, pick(templated, which), { template: version(how) }, how),
  pause: (world: World, which: number, how: number) =>
    patch(world, pick(workloads, which % 2), { paused: how % 2 === 0 }, how),
  strategy: (world: World, which: number, how: number) => {
    const target = pick(templated, which);
    const [{ kind }] = target;
    if (kind === "Deployment") return patch(world, target, { strategy: deploymentStrategy(how) }, how);
    if (kind === "StatefulSet") return patch(world, target, { updateStrategy: statefulStrategy(how) }, how);
    return patch(world, [resources.daemonsets, "ds0"], { updateStrategy: daemonStrategy(how) }, how);
  },
  suspend: (world: World, which: number, how: number) =>
    patch(world, pick(workloads.slice(-3), which), { suspend: how % 2 === 0 }, how),
  parallelism: (world: World, which: number, how: number) =>
    patch(world, pick(workloads.slice(-3), which), { parallelism: how % 4 }, how),
  budget: async (world: World, which: number, how: number) => {
    const name = `b${which % 2}`;
    const budgets = world.client.resource(resources.poddisruptionbudgets);
    if (await budgets.find({ namespace, name })) {
      await budgets.delete({ namespace, name });
      return `deletes ${name}`;
    }
    const app = pick(["d0", "s0"], which);
    const limit = how % 2 === 0 ? { minAvailable: how % 4 } : { maxUnavailable: how % 3 };
    const unhealthy = how % 3 === 0 ? { unhealthyPodEvictionPolicy: "AlwaysAllow" } : {};
    const spec = { ...limit, ...unhealthy, selector: { matchLabels: { app } } };
    await budgets.create({ metadata: { name, namespace }, spec });
    return `${name} ${JSON.stringify(spec)}`;
  },
  evict: async (world: World, which: number) => {
    const pod = await somePod(world, which, () => true);
    if (pod === undefined) return "nobody";
    const body = { apiVersion: "policy/v1", kind: "Eviction", metadata: keyOf(pod) };
    await world.client.resource(resources.pods).subresource("eviction").create(keyOf(pod), body);
    return pod.metadata.name ?? "";
  },
  deletePod: async (world: World, which: number, how: number) => {
    const pod = await somePod(world, which, () => true);
    if (pod === undefined) return "nobody";
    await world.client.resource(resources.pods).delete(keyOf(pod), how % 4 === 0 ? { gracePeriodSeconds: 0 } : {});
    return `${pod.metadata.name}${how % 4 === 0 ? " at once" : ""}`;
  },
  /** As when its node evicts it. */
  failPod: async (world: World, which: number) => {
    const pod = await somePod(world, which, ({ status }) => status?.phase === "Running" || status?.phase === "Pending");
    if (pod === undefined) return "nobody";
    const conditions = [{ type: "Ready", status: "False" }];
    const status = { phase: "Failed", reason: "Evicted", conditions };
    await world.client.resource(resources.pods).patchStatus(keyOf(pod), "strategic", { status });
    return pod.metadata.name ?? "";
  },
  readiness: async (world: World, which: number, how: number) => {
    const pod = await somePod(world, which, ({ status }) => status?.phase === "Running");
    if (pod === undefined) return "nobody";
    const annotations = { "sampan.dev/readiness": how % 2 === 0 ? "fail" : null };
    await world.client.resource(resources.pods).patch(keyOf(pod), "merge", { metadata: { annotations } });
    return `${pod.metadata.name} ${annotations["sampan.dev/readiness"]}`;
  },
  nodeOff: async (world: World, which: number) => {
    await world.switchOff(pick(nodeNames, which));
    return pick(nodeNames, which);
  },
  nodeOn: async (world: World, which: number) => {
    await world.switchOn(pick(nodeNames, which));
    return pick(nodeNames, which);
  },
  nodeGone: async (world: World, which: number) => {
    const name = pick(nodeNames, which);
    await world.switchOff(name);
    await world.client.resource(resources.nodes).delete({ name });
    return name;
  },
  restartControllers: async (world: World) => {
    await world.restartControllers();
    return "";
  },
  /** Long enough for a node to be found dead, or a job's pods to be made again. */
  wait: async (world: World, _which: number, how: number) => {
    await world.pass((how % 7) * 15_000);
    return `${(how % 7) * 15} s`;
  },
};

export const actionWeights: Readonly<Record<ActionName, number>> = {
  create: 16,
  delete: 4,
  scale: 10,
  update: 10,
  pause: 3,
  strategy: 4,
  suspend: 2,
  parallelism: 2,
  budget: 3,
  evict: 6,
  deletePod: 6,
  failPod: 4,
  readiness: 5,
  nodeOff: 3,
  nodeOn: 4,
  nodeGone: 1,
  restartControllers: 8,
  wait: 4,
};

/** What is not there yet is made instead. */
async function patch(
  world: World,
  target: readonly [ResourceType, string],
  spec: object,
  how: number,
): Promise<string> {
  const [type, name] = target;
  if (!(await world.client.resource(type).find({ namespace, name }))) return create(world, target, how);
  await world.client.resource(type).patch({ namespace, name }, "merge", { spec });
  return `${type.kind} ${name} ${JSON.stringify(spec)}`;
}

async function create(world: World, [type, name]: readonly [ResourceType, string], how: number): Promise<string> {
  await world.client.resource(type).create(draftOf(type.kind, name, how));
  return `creates ${type.kind} ${name} (${how})`;
}

async function somePod(world: World, which: number, wanted: (pod: Pod) => boolean): Promise<Pod | undefined> {
  const { items } = await world.client.resource(resources.pods).list({ namespace });
  const pods = items.filter((pod) => pod.metadata.deletionTimestamp === undefined && wanted(pod));
  return pods.length === 0 ? undefined : pick(pods, which);
}

/** Versions differ in how long it takes until they are ready. */
const version = (how: number) => ({
  metadata: { annotations: { version: `v${how % 3}`, "sampan.dev/ready-after": `${how % 3}s` } },
});

const deploymentStrategy = (how: number) =>
  how % 5 === 0
    ? { type: "Recreate", rollingUpdate: null }
    : {
        type: "RollingUpdate",
        rollingUpdate: { maxSurge: how % 3, maxUnavailable: how % 3 === 0 ? 1 + (how % 2) : how % 2 },
      };

const statefulStrategy = (how: number) =>
  how % 5 === 0
    ? { type: "OnDelete", rollingUpdate: null }
    : { type: "RollingUpdate", rollingUpdate: { partition: how % 3 } };

const daemonStrategy = (how: number) => {
  if (how % 5 === 0) return { type: "OnDelete", rollingUpdate: null };
  const maxSurge = how % 2;
  return { type: "RollingUpdate", rollingUpdate: { maxSurge, maxUnavailable: 1 - maxSurge } };
};

function draftOf(kind: string, name: string, how: number): KubeObject {
  const labels = { app: name };
  const selector = { matchLabels: labels };
  const { metadata } = version(how);
  // One kind of pod ends when it is told to, the other at the end of its grace period.
  const slow = how % 4 === 1;
  const container = slow
    ? { name: "c", image: "busybox", command: ["sleep", "1000000"] }
    : { name: "c", image: "nginx", readinessProbe: { httpGet: { port: 80 }, periodSeconds: 1, failureThreshold: 1 } };
  const away = { operator: "Exists", effect: "NoExecute", tolerationSeconds: (how % 3) * 10 };
  const podSpec = { containers: [container], terminationGracePeriodSeconds: 1 + (how % 4), tolerations: [away] };
  const template = { metadata: { ...metadata, labels }, spec: podSpec };
  const replicas = how % 5;
  const minReadySeconds = how % 6 === 0 ? 2 : 0;
  const object = (apiVersion: string, spec: object): KubeObject =>
    ({ apiVersion, kind, metadata: { name, namespace }, spec }) as KubeObject;
  switch (kind) {
    case "Deployment":
      return object("apps/v1", {
        replicas,
        selector,
        template,
        minReadySeconds,
        strategy: deploymentStrategy(how + 1),
      });
    case "ReplicaSet":
      return object("apps/v1", { replicas, selector, template, minReadySeconds });
    case "StatefulSet": {
      const podManagementPolicy = name === "s1" ? "Parallel" : "OrderedReady";
      const updateStrategy = statefulStrategy(how + 1);
      return object("apps/v1", {
        replicas,
        selector,
        template,
        podManagementPolicy,
        updateStrategy,
        serviceName: name,
      });
    }
    case "DaemonSet":
      return object("apps/v1", { selector, template, minReadySeconds, updateStrategy: daemonStrategy(how + 1) });
    case "Job": {
      const containers = [{ name: "c", image: "busybox" }];
      const spec = { ...podSpec, containers, restartPolicy: "Never" };
      return object("batch/v1", { ...jobSpec(how), template: { metadata: { labels: { job: name } }, spec } });
    }
    default:
      throw new Error(`no draft of a ${kind}`);
  }
}

function jobSpec(how: number): Omit<NonNullable<Job["spec"]>, "template"> {
  const backoffLimit = how % 5;
  const parallelism = 1 + (how % 3);
  const completions = 1 + (how % 4);
  const podReplacementPolicy = how % 7 === 0 ? "Failed" : undefined;
  if (how % 3 === 0) return { parallelism, backoffLimit, podReplacementPolicy };
  if (how % 3 === 1) return { parallelism, completions, backoffLimit, podReplacementPolicy };
  const perIndex = how % 2 === 0 ? { backoffLimitPerIndex: 1 } : { backoffLimit };
  return { parallelism, completions, completionMode: "Indexed", ...perIndex };
}
