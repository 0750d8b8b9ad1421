import { readFile, statfs } from "node:fs/promises";
import { arch, availableParallelism, hostname, release } from "node:os";
import type { ContainerImage, NodeRuntimeHandler } from "../../api/types/index.ts";
import type { NodeFacts } from "../node/node-facts.ts";
import type { NodeOptions } from "../node/node-options.ts";
import { type ContainerRuntime, type Image, RuntimeError, type RuntimeHandler } from "../runtime/runtime.ts";
import type { RuntimeState } from "./runtime-state.ts";

/** How many images a node's status tells, the largest first: the original's --node-status-max-images. */
const imagesMax = 50;
const namesMax = 5;
const architectures: Readonly<Record<string, string>> = { x64: "amd64", ia32: "386", arm64: "arm64" };

export interface MachineFactsOptions {
  readonly runtime: ContainerRuntime;
  readonly state: RuntimeState;
  readonly node: NodeOptions;
  /** Whose filesystem counts as the node's ephemeral storage. */
  readonly rootDir: string;
}

/** What this machine is; what cannot change while it runs is read once. */
export async function machineFacts(options: MachineFactsOptions): Promise<() => Promise<NodeFacts>> {
  const { runtime, state, node, rootDir } = options;
  const memory = node.memory ?? `${await memoryKiB()}Ki`;
  const { bsize, blocks } = await statfs(rootDir);
  const capacity = {
    cpu: String(node.cpu ?? availableParallelism()),
    "ephemeral-storage": node.ephemeralStorage ?? `${Math.floor((bsize * blocks) / 1024)}Ki`,
    ...(await hugepages()),
    memory,
    pods: String(node.pods ?? 110),
    ...node.extendedResources,
  };
  const fixed = {
    machineID: (await firstText("/etc/machine-id", "/var/lib/dbus/machine-id")) ?? "",
    bootID: (await firstText("/proc/sys/kernel/random/boot_id")) ?? "",
    kernelVersion: release(),
    osImage: await osImage(),
    operatingSystem: "linux",
    architecture: architectures[arch()] ?? arch(),
  };
  const systemUUID = (await firstText("/sys/class/dmi/id/product_uuid")) ?? fixed.machineID;
  let containerRuntimeVersion = "";
  let images: ContainerImage[] | undefined;
  return async () => {
    await state.refresh();
    if (state.answers) {
      try {
        const { runtimeName, runtimeVersion } = await runtime.version();
        containerRuntimeVersion = `${runtimeName}://${runtimeVersion}`;
        images = imagesOf(await runtime.listImages());
      } catch (error) {
        if (!(error instanceof RuntimeError)) throw error;
        // It went this moment: what it told before stays.
      }
    }
    const problems = state.problems();
    const { handlers, features } = state.status ?? {};
    return {
      capacity,
      info: { ...fixed, systemUUID, containerRuntimeVersion },
      ...(images && { images }),
      ...(handlers && { runtimeHandlers: handlers.map(handlerOf) }),
      ...(features && { features }),
      ...(problems.length > 0 && { notReady: problems.length === 1 ? problems[0] : `[${problems.join(", ")}]` }),
    };
  };
}

/** The default handler has no name. */
function handlerOf({ name, ...features }: RuntimeHandler): NodeRuntimeHandler {
  return { ...(name === "" ? {} : { name }), features };
}

function imagesOf(images: readonly Image[]): ContainerImage[] {
  return [...images]
    .sort((a, b) => b.sizeBytes - a.sizeBytes)
    .slice(0, imagesMax)
    .map(({ repoDigests, repoTags, sizeBytes }) => ({
      names: [...repoDigests, ...repoTags].slice(0, namesMax),
      sizeBytes,
    }));
}

async function memoryKiB(): Promise<number> {
  const text = await readFile("/proc/meminfo", "utf8");
  return Number(/^MemTotal:\s+(\d+) kB/m.exec(text)?.[1] ?? 0);
}

/** Pages that were set aside at the start of the machine, by size. */
async function hugepages(): Promise<Record<string, string>> {
  const counts: Record<string, string> = {};
  for (const [size, name, kib] of [
    ["1048576kB", "hugepages-1Gi", 1048576],
    ["2048kB", "hugepages-2Mi", 2048],
  ] as const) {
    const pages = await firstText(`/sys/kernel/mm/hugepages/hugepages-${size}/nr_hugepages`);
    if (pages === undefined) continue;
    counts[name] = pages === "0" ? "0" : `${Number(pages) * kib}Ki`;
  }
  return counts;
}

async function osImage(): Promise<string> {
  const text = (await firstText("/etc/os-release", "/usr/lib/os-release")) ?? "";
  return /^PRETTY_NAME="?([^"\n]*)"?$/m.exec(text)?.[1] ?? "Linux";
}

/** The trimmed text of the first file that can be read. */
async function firstText(...paths: readonly string[]): Promise<string | undefined> {
  for (const path of paths) {
    try {
      return (await readFile(path, "utf8")).trim();
    } catch {
      // The next one, or none: not every machine has all of them.
    }
  }
  return undefined;
}

/** The name that a machine's node has, as the original takes it: in lower case. */
export function machineNodeName(): string {
  return hostname().toLowerCase();
}
