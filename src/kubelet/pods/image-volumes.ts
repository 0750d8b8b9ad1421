import type { Pod } from "../../api/types/index.ts";
import type { ContainerRuntime, Mount, RuntimeVersion } from "../runtime/runtime.ts";
import type { ImagePuller, ImageRequest } from "./image-puller.ts";
import { StartError } from "./start-error.ts";

/** The first versions that mount images into containers; others are asked and say so themselves. */
const since: Readonly<Record<string, readonly [major: number, minor: number]>> = {
  containerd: [2, 1],
  "cri-o": [1, 31],
};

/** Brings the images that a container mounts to the node. @throws StartError also when the runtime cannot mount images */
export async function ensureImageVolumes(
  { runtime, images }: { readonly runtime: ContainerRuntime; readonly images: ImagePuller },
  pod: Pod,
  mounts: readonly Mount[],
  request: ImageRequest,
): Promise<void> {
  const references = new Set(mounts.flatMap(({ image }) => image?.image ?? []));
  if (references.size === 0) return;
  const problem = whyNoImageVolumes(await runtime.version());
  if (problem !== undefined) throw new StartError("CreateContainerError", problem);
  for (const reference of references) {
    const volume = pod.spec?.volumes?.find(({ image }) => image?.reference === reference);
    const container = { ...request.container, image: reference, imagePullPolicy: volume?.image?.pullPolicy };
    await images.ensure({ ...request, container });
  }
}

export function whyNoImageVolumes({ runtimeName, runtimeVersion }: RuntimeVersion): string | undefined {
  const needed = since[runtimeName.toLowerCase()];
  const [, major, minor] = /^v?(\d+)\.(\d+)/.exec(runtimeVersion) ?? [];
  if (needed === undefined || major === undefined || minor === undefined) return undefined;
  const isOld = Number(major) < needed[0] || (Number(major) === needed[0] && Number(minor) < needed[1]);
  if (!isOld) return undefined;
  return `image volumes need ${runtimeName} ${needed.join(".")} or later, and this node has ${runtimeVersion}`;
}
