import { access, constants, mkdir } from "node:fs/promises";
import { join } from "node:path";
import { isMounted } from "../mounting/mounter.ts";
import type { MakeVolume } from "../volume-kind.ts";

/** A share of an NFS server, mounted by the machine's own program. */
export const makeNfs: MakeVolume = async ({ node, pod, volume, persistent, specName, readOnly }) => {
  const source = persistent?.spec?.nfs ?? volume.nfs;
  await needProgram("mount.nfs", "an NFS volume", "nfs-common");
  const target = node.layout.volume(pod.metadata.uid ?? "", "kubernetes.io/nfs", specName);
  await mkdir(target, { recursive: true, mode: 0o750 });
  const isReadOnly = readOnly || source?.readOnly === true;
  if (!(await isMounted(node.mounter, target))) {
    const options = [...(persistent?.spec?.mountOptions ?? []), ...(isReadOnly ? ["ro"] : [])];
    const server = (source?.server ?? "").includes(":") ? `[${source?.server}]` : source?.server;
    await node.mounter.mount({ source: `${server}:${source?.path}`, target, type: "nfs", options });
  }
  return { path: target, readOnly: isReadOnly };
};

/** Discs on the network need a login to their server, which is left to CSI drivers here. */
export const refuseIscsi: MakeVolume = async () => {
  await needProgram("iscsiadm", "an iSCSI volume", "open-iscsi");
  throw new Error("iSCSI volumes are not supported on this node: use a CSI driver");
};

export const refuseFibreChannel: MakeVolume = async () => {
  throw new Error("Fibre Channel volumes are not supported on this node: use a CSI driver");
};

async function needProgram(name: string, what: string, debianPackage: string): Promise<void> {
  const folders = [...(process.env.PATH ?? "").split(":"), "/sbin", "/usr/sbin"];
  for (const folder of folders) {
    try {
      await access(join(folder, name), constants.X_OK);
      return;
    } catch {
      // Not here: the next folder is asked.
    }
  }
  throw new Error(`executable file not found in $PATH: ${what} needs ${name} on the node (package ${debianPackage})`);
}
