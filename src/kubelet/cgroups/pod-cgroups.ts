import type { Pod } from "../../api/types/index.ts";
import type { Host, Timer } from "../../host/index.ts";
import type { Cgroups } from "./cgroup-files.ts";
import {
  type CgroupDriver,
  type CgroupName,
  classCgroup,
  podCgroup,
  podsCgroup,
  runtimePath,
  uidOf,
} from "./cgroup-names.ts";
import { cpuSharesOf, leastCpuShares } from "./cpu.ts";
import { burstableShares, podLimits } from "./pod-limits.ts";

export interface PodCgroupsOptions {
  readonly host: Host;
  readonly cgroups: Cgroups;
  readonly driver: CgroupDriver;
  /** What the pods' cgroups are below (`--cgroup-root`). Default: nothing. */
  readonly root?: CgroupName;
  /** What all pods together may use: the node's capacity without what is reserved. */
  readonly allPods: { readonly milliCpu: number; readonly memoryBytes: number };
  /** Processes of one pod at most (`--pod-max-pids`); -1, the default, for no limit. */
  readonly podPidsLimit?: number;
  /** Pods that run here. */
  pods(): readonly Pod[];
}

/** How often the classes' shares are set anew, whatever else changed them: the original's period. */
const updateEveryMs = 60_000;

/**
 * The tree of cgroups that a node's pods run in: one for all pods, one each for the burstable and the best-effort ones,
 * one for each pod. Containers' own cgroups are the runtime's.
 * (Kubernetes: Node Allocatable and pod-level resource management of the kubelet.)
 */
export class PodCgroups {
  readonly #options: PodCgroupsOptions;
  readonly #root: CgroupName;
  #timer: Timer | undefined;
  #stopped = false;

  constructor(options: PodCgroupsOptions) {
    this.#options = options;
    this.#root = options.root ?? [];
  }

  /** Makes what all pods are below. */
  async start(): Promise<void> {
    const { cgroups, allPods } = this.#options;
    const { milliCpu, memoryBytes } = allPods;
    await cgroups.set(podsCgroup(this.#root), { cpuShares: cpuSharesOf(milliCpu), memoryBytes });
    await cgroups.set(classCgroup(this.#root, "BestEffort"), { cpuShares: leastCpuShares });
    await this.#updateClasses();
    this.#schedule();
  }

  stop(): void {
    this.#stopped = true;
    this.#timer?.cancel();
    this.#options.cgroups.close?.();
  }

  /** What the runtime puts a pod's containers below. */
  parentOf(pod: Pod): string {
    return runtimePath(podCgroup(this.#root, pod), this.#options.driver);
  }

  /** Makes the pod's cgroup, or gives it the limits that the pod has by now. */
  async ensure(pod: Pod): Promise<void> {
    const { cgroups, podPidsLimit = -1 } = this.#options;
    await this.#updateClasses();
    await cgroups.set(podCgroup(this.#root, pod), podLimits(pod, podPidsLimit));
  }

  /** Before the pod's containers are resized: whatever they come to is within what the pod as a whole may have. */
  async lift(pod: Pod): Promise<void> {
    const { cgroups } = this.#options;
    await cgroups.set(podCgroup(this.#root, pod), { cpuPeriodMicros: 100_000, cpuQuotaMicros: -1, memoryBytes: -1 });
  }

  /** After the pod's sandbox is gone. */
  async release(pod: Pod): Promise<void> {
    await this.#options.cgroups.remove(podCgroup(this.#root, pod));
  }

  /** Ends what is left of pods that nobody knows any more. */
  async removeOrphans(isKnown: (uid: string) => boolean): Promise<void> {
    const { cgroups } = this.#options;
    const parents = [
      podsCgroup(this.#root),
      classCgroup(this.#root, "Burstable"),
      classCgroup(this.#root, "BestEffort"),
    ];
    for (const parent of parents) {
      for (const child of await cgroups.children(parent)) {
        const name = [...parent, child];
        const uid = uidOf(name);
        if (uid !== undefined && !isKnown(uid)) await cgroups.remove(name);
      }
    }
  }

  async #updateClasses(): Promise<void> {
    const { cgroups, pods } = this.#options;
    await cgroups.set(classCgroup(this.#root, "Burstable"), { cpuShares: burstableShares(pods()) });
  }

  #schedule(): void {
    const { host } = this.#options;
    this.#timer = host.clock.setTimer(updateEveryMs, () => {
      this.#updateClasses()
        .catch((error: unknown) => host.log.warn("the shares of pods could not be set", { error: String(error) }))
        .finally(() => {
          if (!this.#stopped) this.#schedule();
        });
    });
  }
}
