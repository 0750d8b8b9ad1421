import { lstat, readdir, statfs } from "node:fs/promises";
import { join } from "node:path";
import { undefinedIfAbsent } from "../../host/index.ts";

/** What a volume holds and could hold; what is not known is left out. */
export interface VolumeUsage {
  readonly capacityBytes?: number;
  readonly availableBytes?: number;
  readonly usedBytes?: number;
  readonly inodes?: number;
  readonly inodesFree?: number;
  readonly inodesUsed?: number;
}

/** A volume of a pod with its usage. */
export interface NamedVolumeUsage extends VolumeUsage {
  /** As the pod names it. */
  readonly name: string;
  /** The claim it comes from. */
  readonly claimName?: string;
}

/** What a folder with all that is below it takes on its disk. */
export interface TreeUsage {
  readonly bytes: number;
  readonly inodes: number;
}

/** Of stat(2). */
const blockBytes = 512;

/** Files that vanish meanwhile do not count. */
export async function treeUsage(path: string): Promise<TreeUsage> {
  let bytes = 0;
  let inodes = 0;
  const folders = [path];
  for (let folder = folders.pop(); folder !== undefined; folder = folders.pop()) {
    const entries = (await readdir(folder, { withFileTypes: true }).catch(undefinedIfAbsent)) ?? [];
    for (const entry of entries) {
      const child = join(folder, entry.name);
      const stat = await lstat(child).catch(undefinedIfAbsent);
      if (stat === undefined) continue;
      bytes += stat.blocks * blockBytes;
      inodes++;
      if (stat.isDirectory()) folders.push(child);
    }
  }
  return { bytes, inodes };
}

/** Of a volume that is a file system of its own. */
export async function filesystemUsage(path: string): Promise<VolumeUsage> {
  const { bsize, blocks, bfree, bavail, files, ffree } = await statfs(path);
  return {
    capacityBytes: bsize * blocks,
    availableBytes: bsize * bavail,
    usedBytes: bsize * (blocks - bfree),
    inodes: files,
    inodesFree: ffree,
    inodesUsed: files - ffree,
  };
}

/** Of a volume that is a folder among others on its disk. */
export async function folderUsage(path: string): Promise<VolumeUsage> {
  const [disk, tree] = await Promise.all([filesystemUsage(path), treeUsage(path)]);
  return { ...disk, usedBytes: tree.bytes, inodesUsed: tree.inodes };
}
