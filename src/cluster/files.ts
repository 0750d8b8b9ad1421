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
