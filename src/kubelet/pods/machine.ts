import type { PodCgroups } from "../cgroups/index.ts";
import type { DeviceManager } from "../devices/index.ts";
import type { UserNamespaces } from "../user-namespaces/index.ts";
import type { DnsSettings } from "./dns.ts";
import type { PodFiles } from "./pod-files.ts";

/** What a real machine gives its pods; a simulated node has none of it. */
export interface Machine {
  readonly files: PodFiles;
  readonly dns: DnsSettings;
  readonly memoryBytes: number;
  /** Where profiles of type Localhost are. */
  readonly seccompDir: string;
  /** Pods' users that are others outside of them. */
  readonly userNamespaces: UserNamespaces;
  /** What plugins offer of it. */
  readonly devices: Pick<DeviceManager, "facts" | "given" | "onChange">;
  /** What pods as a whole may use. Without it the runtime chooses where containers run, each limited by itself. */
  readonly cgroups?: PodCgroups;
}
