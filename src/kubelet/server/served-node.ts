import type { Pod } from "../../api/types/index.ts";
import type { Host } from "../../host/index.ts";
import type { ProbeCounts } from "../probes/probe-counts.ts";
import type { ContainerLogs } from "../runtime/container-logs.ts";
import type { ContainerRuntime, StatsService } from "../runtime/runtime.ts";
import type { StreamingService } from "../runtime/streaming.ts";
import type { NamedVolumeUsage } from "../volumes/index.ts";
import type { MachineUsage } from "./stats/machine.ts";

/** A pod of the node, as the kubelet's API tells of it. */
export interface ServedPod {
  readonly pod: Pod;
  /** The runtime's ID of its sandbox, once there is one. */
  readonly sandboxId: string | undefined;
  /** The runtime's ID of a container: of its latest run, or of the one before. */
  containerId(name: string, isPrevious: boolean): string | undefined;
}

/** All that the kubelet's API needs to know of its node. */
export interface ServedNode {
  readonly name: string;
  readonly host: Pick<Host, "clock" | "log" | "metrics">;
  readonly runtime: ContainerRuntime & StreamingService;
  readonly logs: ContainerLogs;
  pods(): Iterable<ServedPod>;
  /** The kubelet's own settings in the shape of KubeletConfiguration, for `/configz`. */
  readonly configuration: Readonly<Record<string, unknown>>;
  /** What containers use, and the machine as a whole. Absent on a simulated node, whose containers use nothing. */
  readonly usage?: StatsService & {
    machine(): Promise<MachineUsage>;
    volumes(pod: Pod): Promise<readonly NamedVolumeUsage[]>;
  };
  /** For `/metrics/probes`; not counted on a simulated node. */
  readonly probes?: ProbeCounts;
  /** What `/logs/` serves: `/var/log` of a real node. Absent on a simulated one. */
  readonly logFolder?: string;
}

export function findPod(node: ServedNode, namespace: string, name: string): ServedPod | undefined {
  for (const served of node.pods()) {
    const { metadata } = served.pod;
    if (metadata.name === name && metadata.namespace === namespace) return served;
  }
  return undefined;
}

/** The container's spec, whichever list it is in. */
export function containerSpecOf(
  { spec }: Pod,
  name: string,
): { readonly name: string; readonly tty?: boolean } | undefined {
  const { containers = [], initContainers = [], ephemeralContainers = [] } = spec ?? {};
  return [...containers, ...initContainers, ...ephemeralContainers].find((container) => container.name === name);
}
