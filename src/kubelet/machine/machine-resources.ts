import { readFile, statfs } from "node:fs/promises";
import type { Pod } from "../../api/types/index.ts";
import type { Clock } from "../../host/index.ts";
import type { NodeResources, Observation, Observations, PodUsage, Signal } from "../eviction/index.ts";
import { podUid } from "../pod-worker/index.ts";
import { podUidLabel } from "../runtime/labels.ts";
import type { ContainerRuntime, ContainerStats } from "../runtime/runtime.ts";
import { machineUsage } from "../server/index.ts";
import { VolumeLayout } from "../volumes/layout.ts";
import { type TreeUsage, treeUsage } from "../volumes/volume-usage.ts";

export interface MachineResourcesOptions {
  readonly clock: Clock;
  readonly runtime: Pick<ContainerRuntime, "imageFsInfo"> & {
    listContainerStats(): Promise<readonly ContainerStats[]>;
  };
  /** The kubelet's folder, with its symbolic links resolved. */
  readonly rootDir: string;
  /** Removes the images that no container uses. */
  removeUnusedImages(): Promise<void>;
}

/** How long the size of a volume without a limit is taken for what it was. */
const measuredAgainMs = 60_000;

/** What this machine has left, and what its pods use of it. */
export class MachineResources implements NodeResources {
  readonly #options: MachineResourcesOptions;
  readonly #layout: VolumeLayout;
  readonly #measured = new Map<string, { readonly atMs: number; readonly usage: TreeUsage }>();

  constructor(options: MachineResourcesOptions) {
    this.#options = options;
    this.#layout = new VolumeLayout(options.rootDir);
  }

  async observe(): Promise<Observations> {
    const seen = new Map<Signal, Observation>();
    const { memoryTotalBytes, memoryWorkingSetBytes } = await machineUsage();
    seen.set("memory.available", { available: memoryTotalBytes - memoryWorkingSetBytes, capacity: memoryTotalBytes });
    const node = await diskOf(this.#options.rootDir);
    seen.set("nodefs.available", node.bytes).set("nodefs.inodesFree", node.inodes);
    const [images] = await this.#options.runtime.imageFsInfo();
    if (images !== undefined) {
      const { bytes, inodes } = await diskOf(images.mountpoint);
      seen.set("imagefs.available", bytes).set("imagefs.inodesFree", inodes);
    }
    seen.set("pid.available", await processesLeft());
    return seen;
  }

  async usage(pods: readonly Pod[]): Promise<readonly PodUsage[]> {
    const byPod = Map.groupBy(await this.#options.runtime.listContainerStats(), ({ labels }) => labels[podUidLabel]);
    const all: PodUsage[] = [];
    for (const pod of pods) all.push(await this.#usageOf(pod, byPod.get(podUid(pod)) ?? []));
    const known = new Set(pods.flatMap((pod) => [...this.#diskVolumes(pod)].map(([, { path }]) => path)));
    for (const path of this.#measured.keys()) if (!known.has(path)) this.#measured.delete(path);
    return all;
  }

  async #usageOf(pod: Pod, stats: readonly ContainerStats[]): Promise<PodUsage> {
    const volumeBytes = new Map<string, number>();
    let inodes = stats.reduce((sum, { writableLayer }) => sum + (writableLayer?.inodesUsed ?? 0), 0);
    for (const [name, { path, isLimited }] of this.#diskVolumes(pod)) {
      const used = await this.#measure(path, isLimited);
      volumeBytes.set(name, used.bytes);
      inodes += used.inodes;
    }
    const containers = stats.map(({ metadata, memory, writableLayer }) => ({
      name: metadata.name,
      memoryBytes: memory?.workingSetBytes ?? 0,
      diskBytes: writableLayer?.usedBytes ?? 0,
    }));
    return { pod, containers, volumeBytes, inodes, processes: stats.length };
  }

  *#diskVolumes(pod: Pod): Generator<[string, { path: string; isLimited: boolean }]> {
    for (const { name, emptyDir } of pod.spec?.volumes ?? []) {
      if (emptyDir === undefined || emptyDir.medium === "Memory") continue;
      const path = this.#layout.volume(podUid(pod), "kubernetes.io/empty-dir", name);
      yield [name, { path, isLimited: emptyDir.sizeLimit !== undefined }];
    }
  }

  async #measure(path: string, isLimited: boolean): Promise<TreeUsage> {
    const now = this.#options.clock.now();
    const known = this.#measured.get(path);
    if (known !== undefined && !isLimited && now - known.atMs < measuredAgainMs) return known.usage;
    const usage = await treeUsage(path);
    this.#measured.set(path, { atMs: now, usage });
    return usage;
  }

  freeDisk(): Promise<void> {
    return this.#options.removeUnusedImages();
  }
}

/** Of the file system that a path is on. */
export async function diskOf(path: string): Promise<{ bytes: Observation; inodes: Observation }> {
  const { bsize, blocks, bavail, files, ffree } = await statfs(path);
  return {
    bytes: { available: bsize * bavail, capacity: bsize * blocks },
    inodes: { available: ffree, capacity: files },
  };
}

async function processesLeft(): Promise<Observation> {
  const [pidMax, load] = await Promise.all([
    readFile("/proc/sys/kernel/pid_max", "utf8"),
    readFile("/proc/loadavg", "utf8"),
  ]);
  // The fourth word tells running and all tasks: 2/345.
  const tasks = Number(load.split(" ")[3]?.split("/")[1] ?? 0);
  const capacity = Number(pidMax);
  return { available: capacity - tasks, capacity };
}
