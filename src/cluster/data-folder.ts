import { accessSync, constants, linkSync, readFileSync, renameSync, unlinkSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { hasCode } from "../host/index.ts";
import { makeFolder, readIfPresent, writeFileAtomically } from "./files.ts";

/** The data folder cannot be used; the message says why and what to do. */
export class DataFolderError extends Error {
  override readonly name = "DataFolderError";
}

/** What a running cluster leaves in its folder for other commands (`sampan kubeconfig`). */
export interface ClusterState {
  readonly name: string;
  readonly url: string;
}

/** The folder of a cluster that is named but not placed: the XDG data home, `sampan/NAME`. */
export function defaultDataDir(name: string, env: Readonly<Record<string, string | undefined>>): string {
  const dataHome = env.XDG_DATA_HOME;
  // The XDG specification: a relative path is invalid and must be ignored.
  const base = dataHome?.startsWith("/") ? dataHome : join(env.HOME ?? homedir(), ".local", "share");
  return join(base, "sampan", name);
}

/** A data folder held by this process: nobody else may run a cluster on it until release(). */
export class DataFolder {
  readonly path: string;
  /** Whether the folder held a cluster before. */
  readonly existing: boolean;
  readonly #lockFile: string;

  private constructor(path: string, existing: boolean) {
    this.path = path;
    this.existing = existing;
    this.#lockFile = join(path, lockName);
  }

  /** Makes the folder (mode 0700) if need be and takes its lock. @throws DataFolderError when that cannot be. */
  static open(path: string): DataFolder {
    try {
      makeFolder(path, 0o700);
      accessSync(path, constants.R_OK | constants.W_OK | constants.X_OK);
    } catch (error) {
      throw new DataFolderError(`cannot use the data folder ${path}: ${messageOf(error)}`);
    }
    const existing = readIfPresent(join(path, stateName)) !== undefined;
    takeLock(path);
    return new DataFolder(path, existing);
  }

  saveState(state: ClusterState): void {
    writeFileAtomically(join(this.path, stateName), `${JSON.stringify(state)}\n`, 0o600);
  }

  release(): void {
    try {
      unlinkSync(this.#lockFile);
    } catch (error) {
      if (!hasCode(error, "ENOENT")) throw error;
    }
  }
}

/** The state left in a data folder, or undefined when no cluster was ever ready there. */
export function readState(path: string): ClusterState | undefined {
  const text = readIfPresent(join(path, stateName));
  if (text === undefined) return undefined;
  const value: unknown = JSON.parse(text);
  if (typeof value === "object" && value !== null && "name" in value && "url" in value) {
    return { name: String(value.name), url: String(value.url) };
  }
  throw new DataFolderError(`${join(path, stateName)} is damaged: remove it and start the cluster again`);
}

/** The process that runs a cluster on the folder now, if any. */
export function processUsing(path: string): number | undefined {
  const text = readIfPresent(join(path, lockName));
  const holder = text === undefined ? undefined : parseHolder(text);
  return holder !== undefined && isAlive(holder) ? holder.pid : undefined;
}

const lockName = "lock.json";
const stateName = "cluster.json";

/** Who holds the lock: the process id alone is not enough, it may have been given to another process since. */
interface Holder {
  readonly pid: number;
  readonly startTime?: string;
}

function takeLock(dir: string): void {
  const file = join(dir, lockName);
  // Written aside and then linked: whoever sees the lock sees its holder, too.
  const mine = join(dir, `${lockName}.${process.pid}`);
  try {
    writeFileSync(mine, JSON.stringify(holderOf(process.pid)), { mode: 0o600 });
  } catch (error) {
    throw new DataFolderError(`cannot write to the data folder ${dir}: ${messageOf(error)}`);
  }
  try {
    linkLock(dir, mine, file);
  } finally {
    unlinkSync(mine);
  }
}

function linkLock(dir: string, mine: string, file: string): void {
  // Two tries: the second after a lock file of a dead process was moved away.
  for (let attempt = 0; attempt < 2; attempt++) {
    try {
      linkSync(mine, file);
      return;
    } catch (error) {
      if (!hasCode(error, "EEXIST"))
        throw new DataFolderError(`cannot lock the data folder ${dir}: ${messageOf(error)}`);
    }
    const text = readIfPresent(file);
    const holder = text === undefined ? undefined : parseHolder(text);
    if (holder && isAlive(holder)) throw runningError(dir, holder.pid);
    // Renaming is atomic: of two processes that find the same dead lock, only one moves it; the loser tries once more.
    const moved = `${file}.stale-${process.pid}`;
    try {
      renameSync(file, moved);
      const movedHolder = parseHolder(readFileSync(moved, "utf8"));
      unlinkSync(moved);
      if (movedHolder && isAlive(movedHolder)) throw runningError(dir, movedHolder.pid);
    } catch (error) {
      if (!hasCode(error, "ENOENT")) throw error;
    }
  }
  throw new DataFolderError(`another process is just starting a cluster on ${dir}`);
}

function runningError(dir: string, pid: number): DataFolderError {
  return new DataFolderError(
    `a cluster is already running on ${dir} (process ${pid}): stop it first, or choose another --name or --data-dir`,
  );
}

function parseHolder(text: string): Holder | undefined {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value !== "object" || value === null || !("pid" in value) || typeof value.pid !== "number")
      return undefined;
    const startTime = "startTime" in value && typeof value.startTime === "string" ? value.startTime : undefined;
    return { pid: value.pid, ...(startTime !== undefined && { startTime }) };
  } catch {
    return undefined; // a lock file that its writer could not finish belongs to nobody
  }
}

function holderOf(pid: number): Holder {
  const startTime = processStartTime(pid);
  return { pid, ...(startTime !== undefined && { startTime }) };
}

function isAlive(holder: Holder): boolean {
  try {
    process.kill(holder.pid, 0);
  } catch (error) {
    return hasCode(error, "EPERM");
  }
  return holder.startTime === undefined || holder.startTime === processStartTime(holder.pid);
}

/** Field 22 of /proc/PID/stat (clock ticks since boot), undefined where there is no /proc. */
function processStartTime(pid: number): string | undefined {
  const stat = readIfPresent(`/proc/${pid}/stat`);
  // The second field, the command in parentheses, may hold spaces: count from its end.
  return stat?.slice(stat.lastIndexOf(")") + 2).split(" ")[19];
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
