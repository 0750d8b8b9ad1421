import { open, readdir, readFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { gunzipSync } from "node:zlib";
import { parseTime } from "../../../api/meta/index.ts";
import { type Clock, hasCode, sleep } from "../../../host/index.ts";
import type { ContainerLogs, LogLine } from "../container-logs.ts";
import type { RuntimeService } from "../runtime.ts";

const followMs = 100;
const looksPerQuestion = 5;
const chunkBytes = 64 * 1024;

/**
 * One line of a log as the runtime writes it: `TIME STREAM TAGS TEXT`; a long line comes in several, all but the last
 * tagged P. Undefined for what is no log line.
 */
export function parseLogLine(line: string): LogLine | undefined {
  const match = /^(\S+) (stdout|stderr) (\S+) ?(.*)$/s.exec(line);
  if (match === null) return undefined;
  const [, time = "", stream = "", tags = "", text = ""] = match;
  return {
    atMs: parseTime(time),
    time,
    text,
    stream: stream === "stderr" ? "stderr" : "stdout",
    ...(tags.split(":").includes("P") ? { partial: true } : {}),
  };
}

function parseLines(text: string): LogLine[] {
  return text.split("\n").flatMap((line) => parseLogLine(line) ?? []);
}

/** The logs that a runtime writes to files, read from there, older parts first. */
export class CriLogs implements ContainerLogs {
  readonly #runtime: Pick<RuntimeService, "containerStatus">;
  readonly #clock: Clock;

  constructor(runtime: Pick<RuntimeService, "containerStatus">, clock: Clock) {
    this.#runtime = runtime;
    this.#clock = clock;
  }

  async lines(containerId: string): Promise<readonly LogLine[]> {
    const { logPath } = await this.#runtime.containerStatus(containerId);
    return [...(await olderLines(logPath)), ...parseLines(await readLog(logPath))];
  }

  async *follow(containerId: string, signal?: AbortSignal): AsyncIterable<LogLine> {
    const { logPath } = await this.#runtime.containerStatus(containerId);
    yield* await olderLines(logPath);
    const isRunning = async () => {
      const { state } = await this.#runtime.containerStatus(containerId);
      return state === "running" || state === "created";
    };
    yield* this.#grow(logPath, isRunning, signal);
  }

  /** Reads what is added; a file that was moved away (rotated) is read to its end before the new one. */
  async *#grow(path: string, isRunning: () => Promise<boolean>, signal?: AbortSignal): AsyncIterable<LogLine> {
    let reader = await LogReader.open(path);
    let hasEnded = false;
    try {
      for (let looks = 1; signal?.aborted !== true; looks++) {
        const read = (await reader?.read()) ?? "";
        yield* parseLines(read);
        if (read !== "") continue;
        if (reader === undefined || (await reader.isMoved())) {
          const next = await LogReader.open(path);
          if (next !== undefined) {
            await reader?.close();
            reader = next;
            continue;
          }
        }
        if (hasEnded) return;
        // Asking the runtime is dearer than looking at the file; after the end its last words are still read.
        if (looks % looksPerQuestion === 0) hasEnded = !(await isRunning());
        if (!hasEnded) await sleep(this.#clock, followMs, signal).catch(() => undefined);
      }
    } finally {
      await reader?.close();
    }
  }
}

/** A log file that grows; what it gives always ends with a whole line, but for the last. */
class LogReader {
  readonly #path: string;
  readonly #file: Awaited<ReturnType<typeof open>>;
  #at = 0;
  #rest = Buffer.alloc(0);

  private constructor(path: string, file: Awaited<ReturnType<typeof open>>) {
    this.#path = path;
    this.#file = file;
  }

  static async open(path: string): Promise<LogReader | undefined> {
    try {
      return new LogReader(path, await open(path, "r"));
    } catch (error) {
      if (hasCode(error, "ENOENT")) return undefined;
      throw error;
    }
  }

  /** The next whole lines; empty when there are none. */
  async read(): Promise<string> {
    const { bytesRead, buffer } = await this.#file.read(Buffer.alloc(chunkBytes), 0, chunkBytes, this.#at);
    if (bytesRead === 0) return "";
    this.#at += bytesRead;
    const known = Buffer.concat([this.#rest, buffer.subarray(0, bytesRead)]);
    const end = known.lastIndexOf(0x0a) + 1;
    this.#rest = known.subarray(end);
    // Nothing whole yet, but there is more: a line may be longer than what is read at once.
    return end === 0 ? this.read() : known.subarray(0, end).toString("utf8");
  }

  /** Whether another file has its name now. */
  async isMoved(): Promise<boolean> {
    const mine = await this.#file.stat();
    const other = await LogReader.open(this.#path);
    if (other === undefined) return false;
    try {
      const { ino } = await other.#file.stat();
      return ino !== mine.ino;
    } finally {
      await other.close();
    }
  }

  close(): Promise<void> {
    return this.#file.close();
  }
}

/** Older parts of a log, oldest first: `0.log.20260102-030405`, packed (`.gz`) but for the latest. */
export async function rotatedLogs(logPath: string): Promise<string[]> {
  try {
    const names = await readdir(dirname(logPath));
    const older = names.filter((name) => name.startsWith(`${basename(logPath)}.`) && !name.endsWith(".tmp"));
    return older.sort().map((name) => join(dirname(logPath), name));
  } catch (error) {
    if (hasCode(error, "ENOENT")) return [];
    throw error;
  }
}

/** Empty when there is none (any more). */
async function readLog(path: string): Promise<string> {
  try {
    const bytes = await readFile(path);
    return (path.endsWith(".gz") ? gunzipSync(bytes) : bytes).toString("utf8");
  } catch (error) {
    if (hasCode(error, "ENOENT")) return "";
    throw error;
  }
}

/** The last lines of a container's log: no more than these, and no more than this many bytes. */
export async function logTail(logPath: string, linesMax: number, bytesMax: number): Promise<string> {
  const pieces = parseLines(await readLog(logPath));
  const text = pieces.map((piece) => (piece.partial === true ? piece.text : `${piece.text}\n`)).join("");
  const lines = text.split(/(?<=\n)/).slice(-linesMax);
  return Buffer.from(lines.join("")).subarray(-bytesMax).toString("utf8");
}

async function olderLines(logPath: string): Promise<LogLine[]> {
  const texts = await Promise.all((await rotatedLogs(logPath)).map(readLog));
  return texts.flatMap(parseLines);
}
