import {
  chmod,
  chown,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  readlink,
  rename,
  rm,
  symlink,
  unlink,
  writeFile,
} from "node:fs/promises";
import { basename, dirname, join, posix } from "node:path";
import { undefinedIfAbsent } from "../../../host/index.ts";

/** One file of a volume. */
export interface ProjectedFile {
  readonly data: Uint8Array;
  /** Permission bits. */
  readonly mode: number;
  /** Whose it is; root's when left out. */
  readonly uid?: number;
}

/** Files by their path below the volume. */
export type ProjectedFiles = ReadonlyMap<string, ProjectedFile>;

const dataLink = "..data";
const nextDataLink = "..data_tmp";
const nameBytesMax = 255;
const pathBytesMax = 4096;

/**
 * Shows a set of files in a folder so that readers see either all of the old ones or all of the new ones: the files are in a
 * folder named by the time, `..data` is a link to it that is exchanged in one step, and what users see are links into `..data`.
 * Nothing is written when the folder shows these very files already.
 * @param settle gives the new files their owners before they can be seen
 * @returns whether anything was written
 */
export async function showFiles(
  folder: string,
  files: ProjectedFiles,
  nowMs: number,
  settle?: (folder: string) => Promise<void>,
): Promise<boolean> {
  const wanted = cleaned(files);
  const shown = await readlink(join(folder, dataLink)).catch(undefinedIfAbsent);
  const old = shown === undefined ? undefined : join(folder, shown);
  if (old !== undefined && (await showsAlready(old, wanted))) return false;
  const next = await mkdtemp(join(folder, `..${timestamp(nowMs)}.`));
  try {
    await chmod(next, 0o755);
    await writeFiles(next, wanted);
    await settle?.(next);
    await linkNames(folder, wanted);
    await rm(join(folder, nextDataLink), { force: true });
    await symlink(basename(next), join(folder, nextDataLink));
    await rename(join(folder, nextDataLink), join(folder, dataLink));
  } catch (error) {
    await rm(next, { recursive: true, force: true });
    throw error;
  }
  await unlinkOthers(folder, wanted);
  if (old !== undefined) await rm(old, { recursive: true, force: true });
  return true;
}

function cleaned(files: ProjectedFiles): ProjectedFiles {
  const clean = new Map<string, ProjectedFile>();
  for (const [path, file] of files) {
    checkPath(path);
    clean.set(posix.normalize(path), file);
  }
  return clean;
}

function checkPath(path: string): void {
  if (path === "") throw new Error(`invalid path: must not be empty: ""`);
  if (path.startsWith("/")) throw new Error(`invalid path: must be relative path: ${path}`);
  if (Buffer.byteLength(path) > pathBytesMax) {
    throw new Error(`invalid path: must be less than or equal to ${pathBytesMax} characters`);
  }
  const parts = path.split("/");
  for (const part of parts) {
    if (part === "..") throw new Error(`invalid path: must not contain '..': ${path}`);
    if (Buffer.byteLength(part) > nameBytesMax) {
      throw new Error(`invalid path: filenames must be less than or equal to ${nameBytesMax} characters`);
    }
  }
  if (parts[0]?.startsWith("..")) throw new Error(`invalid path: must not start with '..': ${path}`);
}

async function showsAlready(folder: string, wanted: ProjectedFiles): Promise<boolean> {
  const known = await filesIn(folder);
  if (known.length !== wanted.size) return false;
  for (const path of known) {
    const file = wanted.get(path);
    if (file === undefined) return false;
    if (Buffer.compare(await readFile(join(folder, path)), file.data) !== 0) return false;
  }
  return true;
}

async function filesIn(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(undefinedIfAbsent);
  const files = (entries ?? []).filter((entry) => entry.isFile());
  return files.map((entry) => posix.relative(folder, join(entry.parentPath, entry.name)));
}

async function writeFiles(folder: string, files: ProjectedFiles): Promise<void> {
  for (const [path, { data, mode, uid }] of files) {
    const to = join(folder, path);
    await mkdir(dirname(to), { recursive: true, mode: 0o777 });
    await writeFile(to, data);
    // Whatever the umask is.
    await chmod(to, mode);
    if (uid !== undefined) await chown(to, uid, -1);
  }
}

function topNames(files: ProjectedFiles): Set<string> {
  return new Set([...files.keys()].map((path) => path.split("/", 1)[0] ?? path));
}

async function linkNames(folder: string, files: ProjectedFiles): Promise<void> {
  for (const name of topNames(files)) {
    const isLink = await readlink(join(folder, name)).catch(undefinedIfAbsent);
    if (isLink === undefined) await symlink(join(dataLink, name), join(folder, name));
  }
}

async function unlinkOthers(folder: string, files: ProjectedFiles): Promise<void> {
  const names = topNames(files);
  for (const name of await readdir(folder)) {
    if (!name.startsWith("..") && !names.has(name)) await unlink(join(folder, name));
  }
}

/** `2006_01_02_15_04_05`, in UTC. */
function timestamp(nowMs: number): string {
  return new Date(nowMs).toISOString().slice(0, 19).replace(/[-T:]/g, "_");
}
