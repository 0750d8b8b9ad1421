import { chmod, mkdir } from "node:fs/promises";
import { type ProjectedFiles, showFiles } from "../files/atomic-writer.ts";
import { giveToGroup } from "../files/ownership.ts";
import { projectedFiles, projectionOf } from "../files/projection.ts";
import type { TokenCache } from "../files/token-cache.ts";
import type { MadeVolume, MakeVolume, VolumeRequest } from "../volume-kind.ts";
import { folderUsage } from "../volume-usage.ts";
import { memoryBytes, memoryMode, mountMemory } from "./empty-dir.ts";

/** Volumes whose files are made from objects of the API: configMap, secret, downwardAPI, and projected, which mixes them. */
export function projectedVolumes(tokens: TokenCache): MakeVolume {
  return async (request, references) => {
    const projection = projectionOf(request.volume);
    const { node, pod, specName } = request;
    const folder = node.layout.volume(pod.metadata.uid ?? "", projection.plugin, specName);
    // What is missing is found before anything is made.
    const files = await projectedFiles(pod, projection, { node, references, tokens });
    await mkdir(folder, { recursive: true, mode: 0o750 });
    // Secrets and the like are never written to the disk.
    const isOnDisk = projection.onDisk === true;
    if (!isOnDisk) await mountMemory(node, folder, memoryBytes(pod, undefined, node.allocatable()));
    await chmod(folder, isOnDisk ? 0o777 : memoryMode);
    await show(request, folder, files);
    return {
      path: folder,
      readOnly: true,
      usage: () => folderUsage(folder),
      refresh: async (newest, fresh) => {
        const latest = await projectedFiles(newest, projection, { node, references: fresh, tokens });
        await show({ ...request, pod: newest }, folder, latest);
      },
    } satisfies MadeVolume;
  };
}

async function show({ node, pod }: VolumeRequest, folder: string, files: ProjectedFiles): Promise<void> {
  const gid = pod.spec?.securityContext?.fsGroup;
  const settle = async (fresh: string): Promise<void> => {
    if (gid !== undefined) await giveToGroup(fresh, { gid, readOnly: true });
  };
  const wrote = await showFiles(folder, files, node.host.clock.now(), settle);
  if (wrote && gid !== undefined) await giveToGroup(folder, { gid, readOnly: true });
}
