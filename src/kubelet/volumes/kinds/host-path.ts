import type { Stats } from "node:fs";
import { mkdir, open, stat } from "node:fs/promises";
import { undefinedIfAbsent } from "../../../host/index.ts";
import type { MakeVolume } from "../volume-kind.ts";

/** A path of the machine as it is, when it is of the type that was asked for. */
export const makeHostPath: MakeVolume = async ({ volume, persistent, readOnly }) => {
  const { path = "", type = "" } = persistent?.spec?.hostPath ?? volume.hostPath ?? {};
  if (path.split("/").includes("..")) {
    throw new Error(`invalid HostPath \`${path}\`: must not contain '..'`);
  }
  await checkType(path, type);
  return { path, readOnly };
};

const descriptions: Readonly<Record<string, string>> = {
  Directory: "directory",
  File: "file",
  Socket: "socket file",
  CharDevice: "character device",
  BlockDevice: "block device",
};

async function checkType(path: string, type: string): Promise<void> {
  if (type === "") return;
  const info = await stat(path).catch(undefinedIfAbsent);
  if (info === undefined && type === "DirectoryOrCreate") {
    await mkdir(path, { recursive: true, mode: 0o755 });
    return;
  }
  if (info === undefined && type === "FileOrCreate") {
    await (await open(path, "a", 0o644)).close();
    return;
  }
  const wanted = type.replace(/OrCreate$/, "");
  const description = descriptions[wanted];
  if (description === undefined) throw new Error(`${type} is an invalid volume type`);
  if (info === undefined) throw new Error(`hostPath ${path} doesn't exist`);
  const found = typeOf(info);
  if (found !== wanted) throw new Error(`hostPath type check failed: ${path} is not a ${description}, it's a ${found}`);
}

/** The word of the API for what is at a path. */
export function typeOf(info: Stats): string {
  if (info.isDirectory()) return "Directory";
  if (info.isSocket()) return "Socket";
  if (info.isCharacterDevice()) return "CharDevice";
  if (info.isBlockDevice()) return "BlockDevice";
  return info.isFile() ? "File" : "";
}
