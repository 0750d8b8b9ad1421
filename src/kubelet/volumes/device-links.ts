import { mkdir, rm, symlink } from "node:fs/promises";
import { join } from "node:path";
import type { VolumeRequest } from "./volume-kind.ts";

/** A link in the pod's folder to a device that it has: what is found there when it is to be taken back. */
export async function linkDevice(
  { node, pod, specName }: VolumeRequest,
  plugin: string,
  device: string,
): Promise<void> {
  const folder = node.layout.devices(pod.metadata.uid ?? "", plugin);
  await mkdir(folder, { recursive: true, mode: 0o750 });
  const link = join(folder, specName);
  await rm(link, { force: true });
  await symlink(device, link);
}
