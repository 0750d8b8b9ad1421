import { createHash } from "node:crypto";
import { formatQuantity, parseQuantity } from "../../api/meta/index.ts";
import type { ContainerImage, NodeFeatures, NodeRuntimeHandler, NodeSystemInfo } from "../../api/types/index.ts";
import type { DeviceFacts } from "../devices/index.ts";
import type { PressureCondition } from "../eviction/index.ts";
import type { NodeOptions } from "./node-options.ts";

/** What a node is at the moment; its status is made from it. */
export interface NodeFacts {
  /** Quantities by resource, `pods` with them. */
  readonly capacity: Readonly<Record<string, string>>;
  /** What plugins offer besides. */
  readonly devices?: DeviceFacts;
  readonly info: Omit<NodeSystemInfo, "kubeletVersion" | "kubeProxyVersion">;
  readonly images?: readonly ContainerImage[];
  /** What runtime classes' handlers can do, and what the runtime can do whatever the handler; when it tells. */
  readonly runtimeHandlers?: readonly NodeRuntimeHandler[];
  readonly features?: NodeFeatures;
  /** What it is short of. */
  readonly pressures?: ReadonlySet<PressureCondition>;
  /** Volumes that must stay attached. */
  readonly volumesInUse?: readonly string[];
  /** Why it can run no pods, as the message of its Ready condition; undefined when it can. */
  readonly notReady?: string;
}

const os = "linux";
const simulatedRuntimeVersion = "containerd://2.1.0";

/** A simulated node is what its options say. */
export function simulatedFacts(options: NodeOptions): NodeFacts {
  const { name, cpu = 8, memory = "32Gi", pods = 110, ephemeralStorage = "100Gi", extendedResources } = options;
  return {
    capacity: {
      cpu: formatQuantity(parseQuantity(String(cpu))),
      "ephemeral-storage": formatQuantity(parseQuantity(ephemeralStorage)),
      "hugepages-1Gi": "0",
      "hugepages-2Mi": "0",
      memory: formatQuantity(parseQuantity(memory)),
      pods: String(pods),
      ...extendedResources,
    },
    info: {
      machineID: machineId(name),
      systemUUID: uuidOf(name),
      bootID: uuidOf(`${name}/boot`),
      kernelVersion: "6.12.0-sampan",
      osImage: "Sampan (simulated node)",
      containerRuntimeVersion: simulatedRuntimeVersion,
      operatingSystem: os,
      architecture: "amd64",
    },
  };
}

/** Identities of a machine that stay the same over restarts, since they come from its name. */
function machineId(name: string): string {
  return createHash("sha256").update(name).digest("hex").slice(0, 32);
}

function uuidOf(name: string): string {
  const hex = machineId(name);
  return [hex.slice(0, 8), hex.slice(8, 12), `4${hex.slice(13, 16)}`, `8${hex.slice(17, 20)}`, hex.slice(20)].join("-");
}
