import { chmod, mkdir } from "node:fs/promises";
import { parseQuantity } from "../../../api/meta/index.ts";
import type { Pod } from "../../../api/types/index.ts";
import { giveToGroup } from "../files/ownership.ts";
import { isMounted } from "../mounting/mounter.ts";
import type { MakeVolume, VolumeNode } from "../volume-kind.ts";
import { filesystemUsage, folderUsage } from "../volume-usage.ts";

/** What file systems in memory begin with: whoever writes there, only the owner of a file removes it. */
export const memoryMode = 0o1777;

/** An empty folder that lives as long as its pod: on the disk, in memory, or in huge pages. */
export const makeEmptyDir: MakeVolume = async ({ node, pod, volume, specName }) => {
  const { medium = "", sizeLimit } = volume.emptyDir ?? {};
  const folder = node.layout.volume(pod.metadata.uid ?? "", "kubernetes.io/empty-dir", specName);
  await mkdir(folder, { recursive: true, mode: 0o750 });
  if (medium === "Memory") await mountMemory(node, folder, memoryBytes(pod, sizeLimit, node.allocatable()));
  else if (medium.startsWith("HugePages")) await mountHugePages(node, pod, folder, medium);
  else if (medium !== "") throw new Error(`unknown storage medium ${JSON.stringify(medium)}`);
  await chmod(folder, medium === "Memory" ? memoryMode : 0o777);
  const gid = pod.spec?.securityContext?.fsGroup;
  if (gid !== undefined) await giveToGroup(folder, { gid, readOnly: false });
  const usage = medium === "" ? folderUsage : filesystemUsage;
  return { path: folder, readOnly: false, usage: () => usage(folder) };
};

/** A file system in memory at a folder, unless there is one. @param bytes how much it holds; half of the machine's when left out */
export async function mountMemory({ mounter }: VolumeNode, target: string, bytes: bigint | undefined): Promise<void> {
  if (await isMounted(mounter, target)) return;
  const options = bytes === undefined ? [] : [`size=${bytes}`];
  await mounter.mount({ source: "tmpfs", target, type: "tmpfs", options });
}

/** What a volume in memory may hold: the least of what the node has, the pod may use and the volume is limited to. */
export function memoryBytes(
  pod: Pod,
  sizeLimit: string | undefined,
  allocatable: Readonly<Record<string, string>>,
): bigint | undefined {
  const bounds = [bytesOf(allocatable.memory), podMemoryLimit(pod), bytesOf(sizeLimit)];
  const known = bounds.filter((bound) => bound !== undefined && bound > 0n);
  return known.reduce((least, bound) => (least === undefined || (bound ?? 0n) < least ? bound : least), undefined);
}

/** The sum of the containers' limits; undefined when one of them has none. */
function podMemoryLimit(pod: Pod): bigint | undefined {
  const whole = bytesOf(pod.spec?.resources?.limits?.memory);
  if (whole !== undefined) return whole;
  let sum = 0n;
  for (const { resources } of pod.spec?.containers ?? []) {
    const limit = bytesOf(resources?.limits?.memory);
    if (limit === undefined) return undefined;
    sum += limit;
  }
  return sum;
}

function bytesOf(quantity: string | undefined): bigint | undefined {
  return quantity === undefined ? undefined : parseQuantity(quantity).nano / 1_000_000_000n;
}

async function mountHugePages({ mounter }: VolumeNode, pod: Pod, target: string, medium: string): Promise<void> {
  const size = medium === "HugePages" ? onlyPageSize(pod) : medium.slice("HugePages-".length);
  if (await isMounted(mounter, target)) return;
  await mounter.mount({ source: "nodev", target, type: "hugetlbfs", options: [`pagesize=${size.replace(/i$/, "")}`] });
}

/** `HugePages` alone is clear only when the pod uses pages of one size. */
function onlyPageSize(pod: Pod): string {
  const prefix = "hugepages-";
  const sizes = new Set<string>();
  for (const { resources } of [...(pod.spec?.containers ?? []), ...(pod.spec?.initContainers ?? [])]) {
    for (const name of Object.keys(resources?.requests ?? {})) {
      if (name.startsWith(prefix)) sizes.add(name.slice(prefix.length));
    }
  }
  const [size] = sizes;
  if (size === undefined) {
    throw new Error("hugePages storage requested, but there is no resource request for huge pages.");
  }
  if (sizes.size > 1) {
    throw new Error("medium HugePages can use only one page size, but the pod requests several");
  }
  return size;
}
