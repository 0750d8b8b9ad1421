import { readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { promisify } from "node:util";
import { gzip } from "node:zlib";
import { type Host, hasCode, type Timer } from "../../host/index.ts";
import type { PodFiles } from "../pods/pod-files.ts";
import { rotatedLogs } from "../runtime/cri/log-files.ts";
import type { Container, RuntimeService } from "../runtime/runtime.ts";

export interface LogRotationOptions {
  readonly host: Host;
  readonly runtime: Pick<RuntimeService, "listContainers" | "reopenLog">;
  readonly files: Pick<PodFiles, "logPath">;
  /** A log is rotated when it is larger. */
  readonly maxBytes: number;
  /** Files of a log, the one that is written among them; 2 at least. */
  readonly maxFiles: number;
}

const periodMs = 10_000;
const pack = promisify(gzip);

/** Keeps the logs of running containers from filling the disk: `0.log` becomes `0.log.20260102-030405`, older ones are packed. */
export class LogRotation {
  readonly #options: LogRotationOptions;
  #timer: Timer | undefined;
  #stopped = false;

  constructor(options: LogRotationOptions) {
    this.#options = options;
  }

  start(): void {
    this.#timer = this.#options.host.clock.setTimer(periodMs, () => void this.#runAndGoOn());
  }

  stop(): void {
    this.#stopped = true;
    this.#timer?.cancel();
  }

  /** Looks at all logs once. One that fails does not keep the others. */
  async rotateAll(): Promise<void> {
    const { runtime, host } = this.#options;
    for (const container of await runtime.listContainers({ state: "running" })) {
      try {
        await this.#rotateIfDue(container);
      } catch (error) {
        host.log.error("a container's log could not be rotated", { container: container.id, error });
      }
    }
  }

  async #runAndGoOn(): Promise<void> {
    try {
      await this.rotateAll();
    } catch (error) {
      // The runtime is away: its logs do not grow.
      this.#options.host.log.debug("logs could not be looked at", { error: String(error) });
    }
    if (!this.#stopped) this.start();
  }

  async #rotateIfDue(container: Container): Promise<void> {
    const { files, maxBytes, maxFiles, runtime, host } = this.#options;
    const path = files.logPath(container);
    if (path === undefined || (await sizeOf(path)) <= maxBytes) return;
    const older = await rotatedLogs(path);
    // One more comes now, and the one that is written counts, too.
    const kept = maxFiles - 2;
    const gone = older.slice(0, Math.max(older.length - kept, 0));
    for (const file of gone) await rm(file, { force: true });
    for (const file of older.slice(gone.length)) if (!file.endsWith(".gz")) await compress(file);
    const aside = `${path}.${stamp(host.clock.now())}`;
    await rename(path, aside);
    try {
      await runtime.reopenLog(container.id);
    } catch (error) {
      await rename(aside, path); // the container still writes to it
      throw error;
    }
  }
}

/** 0 for a log that is not there (any more). */
async function sizeOf(path: string): Promise<number> {
  try {
    return (await stat(path)).size;
  } catch (error) {
    if (hasCode(error, "ENOENT")) return 0;
    throw error;
  }
}

async function compress(file: string): Promise<void> {
  const unfinished = `${file}.tmp`;
  await writeFile(unfinished, await pack(await readFile(file)));
  await rename(unfinished, `${file}.gz`);
  await rm(file, { force: true });
}

/** 20260102-030405 */
function stamp(ms: number): string {
  const [date = "", time = ""] = new Date(ms).toISOString().split("T");
  return `${date.replaceAll("-", "")}-${time.slice(0, 8).replaceAll(":", "")}`;
}
