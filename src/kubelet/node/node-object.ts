import { createHash } from "node:crypto";
import { formatQuantity, formatTime, parseQuantity, type Quantity, quantityOf } from "../../api/meta/index.ts";
import type { Node, NodeCondition, NodeStatus } from "../../api/types/index.ts";
import type { KubeletSettings, NodeOptions } from "./node-options.ts";

export const defaultVersion = "v1.36.2+sampan";
const runtimeVersion = "containerd://2.1.0";
const os = "linux";
const arch = "amd64";
/** Held back for the node's own work, as the original does without any settings: 100Mi for memory eviction. */
const evictionMemory = parseQuantity("100Mi");

/** The Node as its kubelet registers it. */
export function nodeObject(options: NodeOptions, settings: KubeletSettings, ip: string, now: number): Node {
  const { name, labels, annotations, taints, unschedulable } = options;
  return {
    apiVersion: "v1",
    kind: "Node",
    metadata: {
      name,
      labels: { ...nodeLabels(name), ...labels },
      annotations: {
        "volumes.kubernetes.io/controller-managed-attach-detach": "true",
        ...annotations,
      },
    },
    spec: {
      ...(taints === undefined || taints.length === 0 ? {} : { taints: [...taints] }),
      ...(unschedulable === true ? { unschedulable } : {}),
    },
    status: nodeStatus(options, settings, ip, undefined, now),
  };
}

export function nodeLabels(name: string): Record<string, string> {
  return {
    "beta.kubernetes.io/arch": arch,
    "beta.kubernetes.io/os": os,
    "kubernetes.io/arch": arch,
    "kubernetes.io/hostname": name,
    "kubernetes.io/os": os,
  };
}

/** The status that a node of these options has now; times of what did not change are kept. */
export function nodeStatus(
  options: NodeOptions,
  settings: KubeletSettings,
  ip: string,
  old: NodeStatus | undefined,
  now: number,
): NodeStatus {
  const capacity = capacityOf(options);
  return {
    capacity,
    allocatable: { ...capacity, memory: lessEviction(capacity.memory ?? "0") },
    conditions: conditionsOf(old?.conditions ?? [], now),
    addresses: [
      { type: "InternalIP", address: ip },
      { type: "Hostname", address: options.name },
    ],
    daemonEndpoints: { kubeletEndpoint: { Port: settings.port ?? 10250 } },
    nodeInfo: {
      machineID: machineId(options.name),
      systemUUID: uuidOf(options.name),
      bootID: uuidOf(`${options.name}/boot`),
      kernelVersion: "6.12.0-sampan",
      osImage: "Sampan (simulated node)",
      containerRuntimeVersion: runtimeVersion,
      kubeletVersion: settings.version ?? defaultVersion,
      kubeProxyVersion: "",
      operatingSystem: os,
      architecture: arch,
    },
  };
}

function capacityOf({
  cpu = 8,
  memory = "32Gi",
  pods = 110,
  ephemeralStorage = "100Gi",
  extendedResources,
}: NodeOptions) {
  const capacity: Record<string, string> = {
    cpu: formatQuantity(parseQuantity(String(cpu))),
    "ephemeral-storage": formatQuantity(parseQuantity(ephemeralStorage)),
    "hugepages-1Gi": "0",
    "hugepages-2Mi": "0",
    memory: formatQuantity(parseQuantity(memory)),
    pods: String(pods),
    ...extendedResources,
  };
  return capacity;
}

/** A tiny node keeps all its memory rather than offering none. */
function lessEviction(memory: string): string {
  const total: Quantity = parseQuantity(memory);
  const left = total.nano - evictionMemory.nano;
  if (left <= 0n) return memory;
  return formatQuantity({ ...quantityOf(0, "BinarySI"), nano: left });
}

const conditionFacts = [
  ["MemoryPressure", "False", "KubeletHasSufficientMemory", "kubelet has sufficient memory available"],
  ["DiskPressure", "False", "KubeletHasNoDiskPressure", "kubelet has no disk pressure"],
  ["PIDPressure", "False", "KubeletHasSufficientPID", "kubelet has sufficient PID available"],
  ["Ready", "True", "KubeletReady", "kubelet is posting ready status"],
] as const;

function conditionsOf(old: readonly NodeCondition[], now: number): NodeCondition[] {
  const time = formatTime(now);
  const foreign = old.filter(({ type }) => !conditionFacts.some(([known]) => known === type));
  const own = conditionFacts.map(([type, status, reason, message]) => {
    const before = old.find((condition) => condition.type === type);
    const lastTransitionTime = before?.status === status ? before.lastTransitionTime : time;
    return { type, status, lastHeartbeatTime: time, lastTransitionTime, reason, message };
  });
  return [...foreign, ...own];
}

/** Identities of a machine that stay the same over restarts, since they come from its name. */
function machineId(name: string): string {
  return createHash("sha256").update(name).digest("hex").slice(0, 32);
}

function uuidOf(name: string): string {
  const hex = machineId(name);
  return [hex.slice(0, 8), hex.slice(8, 12), `4${hex.slice(13, 16)}`, `8${hex.slice(17, 20)}`, hex.slice(20)].join("-");
}

/** An address for the n-th node of a process, out of the range 172.18.0.0/15. */
export function nodeAddress(index: number): string {
  const host = index + 2;
  return `172.${18 + ((host >> 16) & 1)}.${(host >> 8) & 255}.${host & 255}`;
}
