import { chmod, lchown, lstat, readdir } from "node:fs/promises";
import { join } from "node:path";

const setgid = 0o2000;
const readWriteMask = 0o660;
const readOnlyMask = 0o440;
const executeMask = 0o110;

export interface GroupOwnership {
  /** The pod's fsGroup. */
  readonly gid: number;
  /** Containers may only read: the group gets no right to write. */
  readonly readOnly: boolean;
  /** Default `Always`: with `OnRootMismatch` a folder that is right at its top is taken to be right throughout. */
  readonly policy?: string;
}

/** Gives a volume's files to the pod's group: group and rights of all files, and folders that hand the group on. */
export async function giveToGroup(folder: string, ownership: GroupOwnership): Promise<void> {
  if (ownership.policy === "OnRootMismatch" && (await isGiven(folder, ownership))) return;
  await give(folder, ownership);
}

async function isGiven(folder: string, { gid, readOnly }: GroupOwnership): Promise<boolean> {
  const info = await lstat(folder);
  const wanted = (readOnly ? readOnlyMask : readWriteMask) | executeMask | setgid;
  return info.gid === gid && (info.mode & wanted) === wanted;
}

/** A folder comes after what is in it, so that `OnRootMismatch` finds work that was cut short. */
async function give(path: string, { gid, readOnly }: GroupOwnership): Promise<void> {
  const info = await lstat(path);
  if (info.isDirectory()) for (const name of await readdir(path)) await give(join(path, name), { gid, readOnly });
  await lchown(path, info.uid, gid);
  if (info.isSymbolicLink()) return;
  const mask = readOnly ? readOnlyMask : readWriteMask;
  const extra = info.isDirectory() ? setgid | executeMask : 0;
  await chmod(path, (info.mode & 0o7777) | mask | extra);
}
