import { errors, formatMicroTime, parseTime } from "../api/meta/index.ts";
import type { ContainerStatus, Pod } from "../api/types/index.ts";
import type { Clock } from "../host/index.ts";
import type { PodRunner } from "./pods/pod-runner.ts";
import type { ContainerLogs, LogLine } from "./runtime/container-logs.ts";

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
}

export interface LogSource {
  readonly clock: Clock;
  readonly logs: ContainerLogs;
  readonly runner: PodRunner;
}

/** The log of a container as text, each piece one line. @throws ApiError BadRequest when there is none. */
export async function* readLog({ clock, logs, runner }: LogSource, options: LogOptions): AsyncGenerator<string> {
  const id = containerFor(runner, options);
  if (id === undefined) {
    yield `unable to retrieve container logs for ${endedBefore(runner.pod, options.container)}\n`;
    return;
  }
  let left = options.limitBytes ?? Number.POSITIVE_INFINITY;
  for await (const line of chosenLines(clock, logs, id, options)) {
    const text = options.timestamps === true ? `${formatNanoTime(line.atMs)} ${line.text}\n` : `${line.text}\n`;
    const bytes = Buffer.byteLength(text);
    if (bytes > left) {
      if (left > 0) yield Buffer.from(text).subarray(0, left).toString();
      return;
    }
    left -= bytes;
    yield text;
  }
}

/** Undefined for a container that ended before this kubelet began: its log is gone. */
function containerFor(runner: PodRunner, { container, previous = false }: LogOptions): string | undefined {
  const id = runner.containerId(container, previous);
  if (id !== undefined || (!previous && endedBefore(runner.pod, container) !== undefined)) return id;
  const { pod } = runner;
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
  const { containerStatuses = [], initContainerStatuses = [] } = pod.status ?? {};
  return [...containerStatuses, ...initContainerStatuses].find(({ name }) => name === container);
}

async function* chosenLines(
  clock: Clock,
  logs: ContainerLogs,
  id: string,
  options: LogOptions,
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
  for await (const line of logs.follow(id)) {
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
