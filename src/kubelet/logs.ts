import { errors, formatMicroTime, parseTime } from "../api/meta/index.ts";
import type { ContainerStatus, Pod } from "../api/types/index.ts";
import type { Clock } from "../host/index.ts";
import type { ContainerLogs, LogLine } from "./runtime/container-logs.ts";
import type { ServedPod } from "./server/served-node.ts";

/** What a reader of a container's log asks for. */
export interface LogOptions {
  readonly container: string;
  readonly follow?: boolean;
  readonly previous?: boolean;
  readonly timestamps?: boolean;
  readonly sinceSeconds?: number;
  /** RFC 3339. */
  readonly sinceTime?: string;
  readonly tailLines?: number;
  readonly limitBytes?: number;
  /** Default: both. */
  readonly stream?: "stdout" | "stderr";
}

export interface LogSource {
  readonly clock: Clock;
  readonly logs: ContainerLogs;
  readonly served: ServedPod;
}

/**
 * The log of a container as text, each piece a line or a part of one; ends early when the signal is aborted.
 * @throws ApiError BadRequest when there is none.
 */
export async function* readLog(
  { clock, logs, served }: LogSource,
  options: LogOptions,
  signal?: AbortSignal,
): AsyncGenerator<string | Buffer> {
  const id = containerFor(served, options);
  if (id === undefined) {
    yield `unable to retrieve container logs for ${endedBefore(served.pod, options.container)}\n`;
    return;
  }
  let left = options.limitBytes ?? Number.POSITIVE_INFINITY;
  let isContinued = false;
  for await (const line of chosenLines(clock, logs, id, options, signal)) {
    if (options.stream !== undefined && line.stream !== undefined && line.stream !== options.stream) continue;
    const stamp = options.timestamps === true && !isContinued ? `${line.time ?? formatNanoTime(line.atMs)} ` : "";
    const text = line.partial === true ? stamp + line.text : `${stamp}${line.text}\n`;
    isContinued = line.partial === true;
    const bytes = Buffer.byteLength(text);
    if (bytes > left) {
      if (left > 0) yield Buffer.from(text).subarray(0, left);
      return;
    }
    left -= bytes;
    yield text;
  }
}

/** Undefined for a container that ended before this kubelet began: its log is gone. */
function containerFor(served: ServedPod, { container, previous = false }: LogOptions): string | undefined {
  const { pod } = served;
  const id = served.containerId(container, previous);
  if (id !== undefined || (!previous && endedBefore(pod, container) !== undefined)) return id;
  const { name } = pod.metadata;
  if (previous) throw errors.badRequest(`previous terminated container "${container}" in pod "${name}" not found`);
  const reason = waitingReason(pod, container);
  throw errors.badRequest(`container "${container}" in pod "${name}" is waiting to start: ${reason}`);
}

function endedBefore(pod: Pod, container: string): string | undefined {
  return statusOf(pod, container)?.state?.terminated?.containerID;
}

function waitingReason(pod: Pod, container: string): string {
  return statusOf(pod, container)?.state?.waiting?.reason ?? "ContainerCreating";
}

function statusOf(pod: Pod, container: string): ContainerStatus | undefined {
  const { containerStatuses = [], initContainerStatuses = [], ephemeralContainerStatuses = [] } = pod.status ?? {};
  return [...containerStatuses, ...initContainerStatuses, ...ephemeralContainerStatuses].find(
    ({ name }) => name === container,
  );
}

async function* chosenLines(
  clock: Clock,
  logs: ContainerLogs,
  id: string,
  options: LogOptions,
  signal: AbortSignal | undefined,
): AsyncGenerator<LogLine> {
  const since = sinceMs(clock, options);
  const all = await logs.lines(id);
  const known = all.filter(({ atMs }) => atMs >= since);
  const tail = options.tailLines ?? known.length;
  const shown = tail === 0 ? [] : known.slice(-tail);
  if (options.follow !== true) {
    yield* shown;
    return;
  }
  let skipped = all.length - shown.length;
  for await (const line of logs.follow(id, signal)) {
    if (skipped > 0) skipped--;
    else if (line.atMs >= since) yield line;
  }
}

function sinceMs(clock: Clock, { sinceSeconds, sinceTime }: LogOptions): number {
  if (sinceSeconds !== undefined) return clock.now() - sinceSeconds * 1000;
  return sinceTime === undefined ? Number.NEGATIVE_INFINITY : parseTime(sinceTime);
}

/** Nine digits of a second, as log lines have. */
function formatNanoTime(ms: number): string {
  return `${formatMicroTime(ms).slice(0, -1)}000Z`;
}
