import { mkdir, readdir, readFile, rmdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type Host, hasCode, sleep, undefinedIfAbsent } from "../../host/index.ts";
import type { CgroupName } from "./cgroup-names.ts";
import { cpuWeightOf } from "./cpu.ts";
import type { CgroupLimits } from "./pod-limits.ts";

/** The kernel's cgroups, of either version. What differs between the versions is in this file. */
export interface Cgroups {
  readonly version: 1 | 2;
  /** Makes it, with those above it, and gives it these limits. @throws Error that names the file that was refused */
  set(name: CgroupName, limits: CgroupLimits): Promise<void>;
  /** Ends what still runs in it and below it, and removes it. */
  remove(name: CgroupName): Promise<void>;
  /** The names of those directly below. */
  children(name: CgroupName): Promise<readonly string[]>;
  /** Lets go of whom it speaks with. */
  close?(): void;
}

const removeTriesMs = [0, 20, 50, 100, 200, 500, 1000] as const;

/** Finds out which version the machine has. @param root where cgroups are mounted: /sys/fs/cgroup */
export async function openCgroups(host: Host, root: string): Promise<Cgroups> {
  const controllers = await readFile(join(root, "cgroup.controllers"), "utf8").catch(undefinedIfAbsent);
  if (controllers !== undefined) return new CgroupsV2(host, root, controllers.trim().split(" "));
  return new CgroupsV1(host, root, await folders(root));
}

/**
 * One tree of folders for each controller. A machine may have a tree of version 2 beside them, for processes alone, without
 * limits (`unified`): runtimes put containers into it, too, and leave the pod's folder there to the kubelet.
 */
class CgroupsV1 implements Cgroups {
  readonly version = 1;
  readonly #host: Host;
  readonly #root: string;
  readonly #hierarchies: readonly string[];

  constructor(host: Host, root: string, hierarchies: readonly string[]) {
    this.#host = host;
    this.#root = root;
    this.#hierarchies = hierarchies;
  }

  async set(name: CgroupName, limits: CgroupLimits): Promise<void> {
    for (const hierarchy of this.#hierarchies) await this.#make(hierarchy, name);
    const write = async (controller: string, file: string, value: number | undefined): Promise<void> => {
      const hierarchy = this.#hierarchyOf(controller);
      if (value !== undefined && hierarchy !== undefined) await put(join(this.#root, hierarchy, ...name, file), value);
    };
    await write("cpu", "cpu.shares", limits.cpuShares);
    await write("cpu", "cpu.cfs_period_us", limits.cpuPeriodMicros);
    await write("cpu", "cpu.cfs_quota_us", limits.cpuQuotaMicros);
    await write("memory", "memory.limit_in_bytes", limits.memoryBytes);
    await write("pids", "pids.max", limits.processes);
    for (const [size, bytes] of limits.hugepageBytes ?? []) {
      await write("hugetlb", `hugetlb.${size}.limit_in_bytes`, bytes);
    }
  }

  /** Controllers may be mounted together: `cpu,cpuacct`. */
  #hierarchyOf(controller: string): string | undefined {
    return this.#hierarchies.find((names) => names.split(",").includes(controller));
  }

  /** A cpuset without processors takes no process: each gets those of the one above. */
  async #make(hierarchy: string, name: CgroupName): Promise<void> {
    let above = join(this.#root, hierarchy);
    for (const part of name) {
      const folder = join(above, part);
      const isNew = (await mkdir(folder, { recursive: true })) !== undefined;
      if (isNew && hierarchy.split(",").includes("cpuset")) {
        for (const file of ["cpuset.cpus", "cpuset.mems"]) {
          await put(join(folder, file), (await readFile(join(above, file), "utf8")).trim());
        }
      }
      above = folder;
    }
  }

  async remove(name: CgroupName): Promise<void> {
    await removeTrees(
      this.#host,
      this.#hierarchies.map((hierarchy) => join(this.#root, hierarchy, ...name)),
    );
  }

  async children(name: CgroupName): Promise<readonly string[]> {
    const found = new Set<string>();
    for (const hierarchy of this.#hierarchies) {
      for (const child of await folders(join(this.#root, hierarchy, ...name))) found.add(child);
    }
    return [...found];
  }
}

/** One tree for all controllers, which each level hands down to the next. */
class CgroupsV2 implements Cgroups {
  readonly version = 2;
  readonly #host: Host;
  readonly #root: string;
  readonly #controllers: readonly string[];

  constructor(host: Host, root: string, controllers: readonly string[]) {
    this.#host = host;
    this.#root = root;
    this.#controllers = controllers;
  }

  async set(name: CgroupName, limits: CgroupLimits): Promise<void> {
    const wanted = this.#controllers.filter((controller) => handedDown.has(controller));
    let folder = this.#root;
    for (const part of name) {
      await put(join(folder, "cgroup.subtree_control"), wanted.map((controller) => `+${controller}`).join(" "));
      folder = join(folder, part);
      await mkdir(folder, { recursive: true });
    }
    const write = async (file: string, value: string | undefined): Promise<void> => {
      if (value !== undefined && this.#controllers.includes(file.slice(0, file.indexOf(".")))) {
        await put(join(folder, file), value);
      }
    };
    const { cpuShares, cpuQuotaMicros, cpuPeriodMicros, memoryBytes, processes, hugepageBytes } = limits;
    await write("cpu.weight", cpuShares === undefined ? undefined : String(cpuWeightOf(cpuShares)));
    if (cpuQuotaMicros !== undefined) await write("cpu.max", `${orMax(cpuQuotaMicros)} ${cpuPeriodMicros ?? 100_000}`);
    await write("memory.max", memoryBytes === undefined ? undefined : orMax(memoryBytes));
    await write("pids.max", processes === undefined ? undefined : orMax(processes));
    for (const [size, bytes] of hugepageBytes ?? []) await write(`hugetlb.${size}.max`, String(bytes));
  }

  async remove(name: CgroupName): Promise<void> {
    await removeTrees(this.#host, [join(this.#root, ...name)]);
  }

  children(name: CgroupName): Promise<readonly string[]> {
    return folders(join(this.#root, ...name));
  }
}

const handedDown: ReadonlySet<string> = new Set(["cpu", "cpuset", "memory", "pids", "hugetlb", "io"]);

function orMax(value: number): string {
  return value === -1 ? "max" : String(value);
}

/** Processes that are still there are killed first; the kernel takes a moment until it lets their cgroup go. */
async function removeTrees(host: Host, paths: readonly string[]): Promise<void> {
  for (const path of paths) {
    for (const delayMs of removeTriesMs) {
      if (delayMs > 0) await sleep(host.clock, delayMs);
      if (await removeTree(path)) break;
    }
  }
}

/** Whether it is gone. */
async function removeTree(path: string): Promise<boolean> {
  for (const child of await folders(path)) await removeTree(join(path, child));
  const processes = (await readFile(join(path, "cgroup.procs"), "utf8").catch(undefinedIfAbsent)) ?? "";
  for (const pid of processes.split("\n")) if (pid !== "" && pid !== "0") kill(Number(pid));
  try {
    await rmdir(path);
    return true;
  } catch (error) {
    if (hasCode(error, "ENOENT")) return true;
    if (hasCode(error, "EBUSY", "ENOTEMPTY")) return false;
    throw error;
  }
}

function kill(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch (error) {
    if (!hasCode(error, "ESRCH")) throw error; // it ended by itself
  }
}

async function folders(path: string): Promise<string[]> {
  const entries = (await readdir(path, { withFileTypes: true }).catch(undefinedIfAbsent)) ?? [];
  return entries.filter((entry) => entry.isDirectory()).map(({ name }) => name);
}

async function put(file: string, value: string | number): Promise<void> {
  try {
    await writeFile(file, String(value));
  } catch (cause) {
    // Unlimited processes are -1 in our limits, "max" to the kernel.
    if (value === -1 && file.endsWith("pids.max")) return writeFile(file, "max");
    throw new Error(`cannot set ${file} to ${value}: ${cause instanceof Error ? cause.message : cause}`, { cause });
  }
}
