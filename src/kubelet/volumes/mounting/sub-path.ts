import { constants } from "node:fs";
import { chmod, type FileHandle, lstat, mkdir, open, readFile, realpath, stat, writeFile } from "node:fs/promises";
import { dirname, join, relative } from "node:path";
import { hasCode, undefinedIfAbsent } from "../../../host/index.ts";
import { isMounted, isWithin, type Mounter } from "./mounter.ts";

/** A part of a volume that one container gets, and where it is bound for it. */
export interface SubPath {
  readonly volumePath: string;
  /** Below the volume; has no `..`. */
  readonly path: string;
  /** Made when it is not there. */
  readonly target: string;
}

/** Node does not name it: a handle on a place, not on its content. The same number on all of Node's Linux platforms but none other. */
const O_PATH = 0o10000000;

/**
 * Containers write into volumes, so a path in one may turn into a link to anywhere while it is looked at. Each part is
 * therefore opened from the handle of the one before, without following links, and the handle itself is what is mounted.
 * @throws Error when it leads out of the volume
 */
export async function bindSubPath(mounter: Mounter, { volumePath, path, target }: SubPath): Promise<string> {
  const base = await realpath(volumePath);
  const real = await realpath(join(base, path));
  const handle = await openWithin(base, real);
  try {
    if (await isMounted(mounter, target)) {
      if (await isSame(handle, target)) return target;
      await mounter.unmount(target);
    }
    await mkdir(dirname(target), { recursive: true, mode: 0o750 });
    if ((await handle.stat()).isDirectory()) await mkdir(target, { recursive: true, mode: 0o750 });
    else await writeFile(target, "", { mode: 0o640 });
    const source = `/proc/${process.pid}/fd/${handle.fd}`;
    await mounter.mount({ source, target, options: ["bind"], exactPaths: true });
    return target;
  } finally {
    await handle.close();
  }
}

/** Makes the folders of a path in a volume that are missing, with the volume's own rights. @throws Error when it leads out of the volume */
export async function makeSubPath(volumePath: string, path: string): Promise<void> {
  const base = await realpath(volumePath);
  const full = join(base, path);
  if ((await stat(full).catch(undefinedIfAbsent)) !== undefined) return;
  const { existing, missing } = await longestExisting(base, full);
  const mode = (await stat(base)).mode & 0o7777;
  let handle = await openWithin(base, await realpath(existing));
  try {
    for (const name of missing) {
      const child = join(`/proc/self/fd/${handle.fd}`, name);
      await mkdir(child, { mode });
      const next = await open(child, O_PATH | constants.O_NOFOLLOW | constants.O_DIRECTORY);
      await handle.close();
      handle = next;
      await chmod(`/proc/self/fd/${handle.fd}`, mode);
    }
  } finally {
    await handle.close();
  }
}

/** The text of a file in a volume; undefined when it is not there. @throws Error when it leads out of the volume, or is larger than that */
export async function readWithin(volumePath: string, path: string, bytesMax: number): Promise<string | undefined> {
  const base = await realpath(volumePath);
  const real = await realpath(join(base, path)).catch(undefinedIfAbsent);
  if (real === undefined) return undefined;
  const handle = await openWithin(base, real);
  try {
    const info = await handle.stat();
    if (!info.isFile()) throw new Error(`${path} is not a file`);
    if (info.size > bytesMax) throw new Error(`${path} is larger than ${bytesMax} bytes`);
    return await readFile(`/proc/self/fd/${handle.fd}`, "utf8");
  } finally {
    await handle.close();
  }
}

async function longestExisting(base: string, full: string): Promise<{ existing: string; missing: string[] }> {
  const missing: string[] = [];
  let existing = full;
  while (existing !== base && (await lstat(existing).catch(undefinedIfNoFolder)) === undefined) {
    missing.unshift(relative(dirname(existing), existing));
    existing = dirname(existing);
  }
  return { existing, missing };
}

function undefinedIfNoFolder(error: unknown): undefined {
  if (hasCode(error, "ENOENT", "ENOTDIR")) return undefined;
  throw error;
}

/** @param path real, without links, when it was looked at: a link that is there now is refused */
async function openWithin(base: string, path: string): Promise<FileHandle> {
  if (!isWithin(path, base)) throw new Error(`subpath "${path}" not within volume path "${base}"`);
  let handle = await open(base, O_PATH | constants.O_NOFOLLOW);
  try {
    for (const name of relative(base, path).split("/")) {
      if (name === "") continue;
      const next = await open(`/proc/self/fd/${handle.fd}/${name}`, O_PATH | constants.O_NOFOLLOW);
      await handle.close();
      handle = next;
      if ((await handle.stat()).isSymbolicLink()) throw new Error(`unexpected symlink found in ${path}`);
    }
    return handle;
  } catch (error) {
    await handle.close();
    throw error;
  }
}

async function isSame(handle: FileHandle, path: string): Promise<boolean> {
  const [one, other] = [await handle.stat(), await lstat(path)];
  return one.dev === other.dev && one.ino === other.ino;
}
