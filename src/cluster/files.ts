import { closeSync, fsyncSync, openSync, readFileSync, realpathSync, renameSync, unlinkSync, writeSync } from "node:fs";

/** The file's text, or undefined when there is no such file; other failures are thrown. */
export function readIfPresent(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    if (isCode(error, "ENOENT")) return undefined;
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

/** Whether a thrown value is a system error with this code, for example ENOENT. */
export function isCode(error: unknown, code: string): boolean {
  return error instanceof Error && "code" in error && error.code === code;
}

function resolveLink(path: string): string {
  try {
    return realpathSync(path);
  } catch (error) {
    if (isCode(error, "ENOENT")) return path;
    throw error;
  }
}
