import {
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  realpathSync,
  renameSync,
  statSync,
  unlinkSync,
  writeSync,
} from "node:fs";
import { open, rename, unlink } from "node:fs/promises";
import { dirname } from "node:path";
import { hasCode } from "../host/index.ts";

/** The file's text, or undefined when there is no such file; other failures are thrown. */
export function readIfPresent(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    if (hasCode(error, "ENOENT")) return undefined;
    throw error;
  }
}

/** Replaces the file as a whole: readers see the old text or the new one, also after a crash. A symbolic link is kept. */
export function writeFileAtomically(path: string, text: string, mode: number): void {
  const target = resolveLink(path);
  const temporary = `${target}.tmp-${process.pid}`;
  const fd = openSync(temporary, "w", mode);
  try {
    writeSync(fd, text);
    fsyncSync(fd);
    closeSync(fd);
    renameSync(temporary, target);
  } catch (error) {
    try {
      unlinkSync(temporary);
    } catch {
      // The first failure is the one to tell; a leftover temporary file does no harm.
    }
    throw error;
  }
}

/** Files that were written together. */
export interface NewFile {
  readonly path: string;
  readonly text: string;
  readonly mode: number;
}

/** Each file as `writeFileAtomically` does it, all at once: they wait for the same flushes of the disk. */
export async function writeFilesAtomically(files: readonly NewFile[]): Promise<void> {
  await Promise.all(files.map(writeBeside));
}

async function writeBeside({ path, text, mode }: NewFile): Promise<void> {
  const target = resolveLink(path);
  const temporary = `${target}.tmp-${process.pid}`;
  const file = await open(temporary, "w", mode);
  try {
    await file.writeFile(text);
    await file.sync();
    await file.close();
    await rename(temporary, target);
  } catch (error) {
    await file.close().catch(() => undefined); // the first failure is the one to tell
    await unlink(temporary).catch(() => undefined);
    throw error;
  }
}

/**
 * Makes the folder and those around it. Not mkdir's own way, which tries for ever below a folder that exists but in
 * which nothing can be made (/proc), and which blames the wrong thing on a read-only file system.
 */
export function makeFolder(path: string, mode: number): void {
  try {
    mkdirSync(path, { mode });
  } catch (error) {
    if (hasCode(error, "EEXIST") && statSync(path).isDirectory()) return;
    const parent = dirname(path);
    if (!hasCode(error, "ENOENT") || existsSync(parent)) throw error;
    makeFolder(parent, mode);
    mkdirSync(path, { mode });
  }
}

function resolveLink(path: string): string {
  try {
    return realpathSync(path);
  } catch (error) {
    if (hasCode(error, "ENOENT")) return path;
    throw error;
  }
}
