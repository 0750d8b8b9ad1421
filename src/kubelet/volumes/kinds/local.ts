import { mkdir, stat } from "node:fs/promises";
import { undefinedIfAbsent } from "../../../host/index.ts";
import { linkDevice } from "../device-links.ts";
import { giveToGroup } from "../files/ownership.ts";
import { isMounted } from "../mounting/mounter.ts";
import { type MakeVolume, StepError } from "../volume-kind.ts";
import { filesystemUsage } from "../volume-usage.ts";

/** A folder of the machine behind a persistent volume, mounted into the pod's own place. */
export const makeLocal: MakeVolume = async (request) => {
  const { node, pod, persistent, specName, readOnly, isBlock } = request;
  const path = persistent?.spec?.local?.path ?? "";
  const info = await stat(path).catch(undefinedIfAbsent);
  if (info === undefined) {
    throw new StepError(
      "NewMounter initialization",
      specName,
      new Error(`path ${JSON.stringify(path)} does not exist`),
    );
  }
  if (isBlock) {
    if (!info.isBlockDevice()) {
      const problem = new Error(`path ${JSON.stringify(path)} is not a block device`);
      throw new StepError("SetUpDevice", specName, problem, "MapVolume");
    }
    await linkDevice(request, "kubernetes.io/local-volume", path);
    return { path, readOnly };
  }
  if (info.isBlockDevice()) {
    throw new StepError("MountDevice", specName, new Error("local volumes on block devices are not supported"));
  }
  if (!info.isDirectory()) {
    throw new StepError("MountDevice", specName, new Error("only directory and block device are supported"));
  }
  const target = node.layout.volume(pod.metadata.uid ?? "", "kubernetes.io/local-volume", specName);
  await mkdir(target, { recursive: true, mode: 0o750 });
  if (!(await isMounted(node.mounter, target))) {
    await node.mounter.mount({ source: path, target, options: readOnly ? ["bind", "ro"] : ["bind"] });
  }
  const { fsGroup, fsGroupChangePolicy } = pod.spec?.securityContext ?? {};
  if (fsGroup !== undefined && !readOnly) {
    await giveToGroup(target, { gid: fsGroup, readOnly, policy: fsGroupChangePolicy });
  }
  return { path: target, readOnly, usage: () => filesystemUsage(target) };
};
