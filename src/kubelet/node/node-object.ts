import { formatTime } from "../../api/meta/index.ts";
import type { Node, NodeCondition, NodeStatus } from "../../api/types/index.ts";
import { parseThresholds } from "../eviction/index.ts";
import { allocatableOf } from "./allocatable.ts";
import type { NodeFacts } from "./node-facts.ts";
import type { KubeletSettings, NodeOptions } from "./node-options.ts";

export const defaultVersion = "v1.36.2+sampan";
/** Simulated nodes have no disk that fills up; of memory they hold back what the original does without any settings. */
const simulatedThresholds = parseThresholds({ hard: "memory.available<100Mi" });

/** The Node as its kubelet registers it. */
export function nodeObject(
  options: NodeOptions,
  facts: NodeFacts,
  settings: KubeletSettings,
  ip: string,
  now: number,
): Node {
  const { name, labels, annotations, taints, unschedulable } = options;
  return {
    apiVersion: "v1",
    kind: "Node",
    metadata: {
      name,
      labels: { ...nodeLabels(name, facts), ...labels },
      annotations: {
        "volumes.kubernetes.io/controller-managed-attach-detach": "true",
        ...annotations,
      },
    },
    spec: {
      ...(taints === undefined || taints.length === 0 ? {} : { taints: [...taints] }),
      ...(unschedulable === true ? { unschedulable } : {}),
    },
    status: nodeStatus(name, facts, settings, ip, undefined, now),
  };
}

export function nodeLabels(name: string, { info }: NodeFacts): Record<string, string> {
  return {
    "beta.kubernetes.io/arch": info.architecture,
    "beta.kubernetes.io/os": info.operatingSystem,
    "kubernetes.io/arch": info.architecture,
    "kubernetes.io/hostname": name,
    "kubernetes.io/os": info.operatingSystem,
  };
}

/** The status that a node of these facts has now; times of what did not change are kept. */
export function nodeStatus(
  name: string,
  facts: NodeFacts,
  settings: KubeletSettings,
  ip: string,
  old: NodeStatus | undefined,
  now: number,
): NodeStatus {
  const { info, images, runtimeHandlers, features, volumesInUse = [] } = facts;
  const capacity = { ...advertised(old, facts), ...facts.capacity, ...facts.devices?.capacity };
  return {
    capacity,
    allocatable: {
      ...allocatableOf(capacity, {
        ...settings,
        thresholds: settings.eviction?.thresholds ?? simulatedThresholds,
      }),
      ...facts.devices?.allocatable,
    },
    conditions: conditionsOf(old?.conditions ?? [], facts, now),
    addresses: [
      { type: "InternalIP", address: ip },
      { type: "Hostname", address: name },
    ],
    daemonEndpoints: { kubeletEndpoint: { Port: settings.port ?? 10250 } },
    nodeInfo: { ...info, kubeletVersion: settings.version ?? defaultVersion, kubeProxyVersion: "" },
    ...(images === undefined ? {} : { images: [...images] }),
    ...(runtimeHandlers && { runtimeHandlers: [...runtimeHandlers] }),
    ...(features && { features }),
    // An empty list replaces one that was told.
    ...(volumesInUse.length === 0 && old?.volumesInUse === undefined ? {} : { volumesInUse: [...volumesInUse] }),
  };
}

/** Resources that somebody else has told of the node: they are as allocatable as the kubelet's own. */
function advertised(old: NodeStatus | undefined, { capacity }: NodeFacts): Record<string, string> {
  const others = Object.entries(old?.capacity ?? {});
  return Object.fromEntries(others.filter(([name]) => isExtendedResource(name) && !(name in capacity)));
}

function isExtendedResource(name: string): boolean {
  return name.includes("/") && !/(^|\.)kubernetes\.io\//.test(name);
}

/** Reason and message of each condition while the node is short of it, and while it is not. */
const pressureTexts = {
  MemoryPressure: [
    ["KubeletHasInsufficientMemory", "kubelet has insufficient memory available"],
    ["KubeletHasSufficientMemory", "kubelet has sufficient memory available"],
  ],
  DiskPressure: [
    ["KubeletHasDiskPressure", "kubelet has disk pressure"],
    ["KubeletHasNoDiskPressure", "kubelet has no disk pressure"],
  ],
  PIDPressure: [
    ["KubeletHasInsufficientPID", "kubelet has insufficient PID available"],
    ["KubeletHasSufficientPID", "kubelet has sufficient PID available"],
  ],
} as const;

function conditionsOf(old: readonly NodeCondition[], { notReady, pressures }: NodeFacts, now: number): NodeCondition[] {
  const time = formatTime(now);
  const pressed = (["MemoryPressure", "DiskPressure", "PIDPressure"] as const).map((type) => {
    const isShort = pressures?.has(type) === true;
    const [reason, message] = pressureTexts[type][isShort ? 0 : 1];
    return [type, isShort ? "True" : "False", reason, message] as const;
  });
  const ready =
    notReady === undefined
      ? (["Ready", "True", "KubeletReady", "kubelet is posting ready status"] as const)
      : (["Ready", "False", "KubeletNotReady", notReady] as const);
  const known = [...pressed, ready];
  const foreign = old.filter(({ type }) => !known.some(([own]) => own === type));
  const own = known.map(([type, status, reason, message]) => {
    const before = old.find((condition) => condition.type === type);
    const lastTransitionTime = before?.status === status ? before.lastTransitionTime : time;
    return { type, status, lastHeartbeatTime: time, lastTransitionTime, reason, message };
  });
  return [...foreign, ...own];
}

/** An address for the n-th node of a process, out of the range 172.18.0.0/15. */
export function nodeAddress(index: number): string {
  const host = index + 2;
  return `172.${18 + ((host >> 16) & 1)}.${(host >> 8) & 255}.${host & 255}`;
}
