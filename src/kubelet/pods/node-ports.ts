import type { Pod } from "../../api/types/index.ts";
import type { Client } from "../../client/index.ts";
import type { Host } from "../../host/index.ts";
import type { PendingResize } from "../pod-worker/index.ts";
import type { PodNetwork, Prober } from "../probes/prober.ts";
import type { References } from "../references.ts";
import type { ContainerRuntime, StatsService } from "../runtime/runtime.ts";
import type { VolumeManager } from "../volumes/index.ts";
import type { ImagePuller } from "./image-puller.ts";
import type { Machine } from "./machine.ts";
import type { ServiceEnvironment } from "./service-environment.ts";
import type { PodLane } from "./status-writer.ts";

export interface PodEvent {
  readonly type: "Normal" | "Warning";
  readonly reason: string;
  readonly message: string;
  /** The container it is about; the whole pod when left out. */
  readonly container?: string;
}

/** What the workers of one node's pods share. */
export interface NodePorts {
  readonly host: Host;
  readonly client: Pick<Client, "resource">;
  readonly nodeName: string;
  readonly hostIPs: readonly string[];
  /** One that does not tell what containers use lets them be resized to less than that. */
  readonly runtime: ContainerRuntime & Partial<StatsService>;
  readonly network: PodNetwork;
  readonly prober: Prober;
  readonly images: ImagePuller;
  readonly references: References;
  readonly volumes: VolumeManager;
  /** What tells containers of services; they are told of none without it. */
  readonly services?: ServiceEnvironment;
  /** Absent on a simulated node. */
  readonly machine?: Machine;
  /** Where the status of each pod goes. */
  readonly statuses: { lane(pod: Pod): PodLane };
  /** What pods may use of the node. */
  allocatable(): Readonly<Record<string, string>>;
  record(pod: Pod, event: PodEvent): void;
  /** Why a pod of this node cannot be resized to what it wants. */
  resizeRefusal(pod: Pod): PendingResize | undefined;
  /** Whether sandboxes can get addresses yet. */
  networkReady(): boolean;
}
