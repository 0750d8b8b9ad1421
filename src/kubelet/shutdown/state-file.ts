import { open, readFile, rename } from "node:fs/promises";
import { dirname, join } from "node:path";
import { formatTime, parseTime } from "../../api/meta/index.ts";
import { undefinedIfAbsent } from "../../host/index.ts";

/** When the last shutdown of the node began and ended, in milliseconds since the epoch. */
export interface ShutdownState {
  readonly startMs?: number;
  readonly endMs?: number;
}

/** Where it is kept over restarts of the kubelet and of the machine. */
export interface ShutdownStateStore {
  load(): Promise<ShutdownState>;
  store(state: ShutdownState): Promise<void>;
}

/** For nodes without a disk. */
export const noShutdownState: ShutdownStateStore = { load: async () => ({}), store: async () => undefined };

const fileName = "graceful_node_shutdown_state";
/** How the original writes that there was none. */
const never = "0001-01-01T00:00:00Z";

/** A file in the kubelet's folder, which the original reads, too. */
export function shutdownStateFile(rootDir: string): ShutdownStateStore {
  const path = join(rootDir, fileName);
  return {
    async load() {
      const text = await readFile(path, "utf8").catch(undefinedIfAbsent);
      if (text === undefined) return {};
      const { startTime, endTime } = JSON.parse(text) as { readonly startTime?: string; readonly endTime?: string };
      return { startMs: msOf(startTime), endMs: msOf(endTime) };
    },
    async store({ startMs, endMs }) {
      const text = JSON.stringify({ startTime: textOf(startMs), endTime: textOf(endMs) });
      await writeWhole(path, text);
    },
  };
}

/** The machine may go down at any moment: the file is the old one or the new one, and on the disk. */
async function writeWhole(path: string, text: string): Promise<void> {
  const next = join(dirname(path), `.tmp-${fileName}`);
  const file = await open(next, "w", 0o644);
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(next, path);
}

function msOf(time: string | undefined): number | undefined {
  return time === undefined || time === never ? undefined : parseTime(time);
}

function textOf(ms: number | undefined): string {
  return ms === undefined ? never : formatTime(ms);
}
