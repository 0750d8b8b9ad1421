import type { Pod } from "../../api/types/index.ts";
import type { DnsSettings } from "./dns.ts";
import type { PodFiles } from "./pod-files.ts";

/** What a real machine gives its pods; a simulated node has none of it. */
export interface Machine {
  readonly files: PodFiles;
  readonly dns: DnsSettings;
  readonly memoryBytes: number;
  /** Where profiles of type Localhost are. */
  readonly seccompDir: string;
  /** The cgroup that a pod's containers are below; empty for the runtime's own choice. */
  cgroupParent(pod: Pod): string;
}
