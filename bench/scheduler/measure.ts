import { setImmediate, setTimeout } from "node:timers";
import type { Pod } from "../../src/api/types/index.ts";
import { createClient } from "../../src/client/index.ts";
import {
  createBackground,
  createLogger,
  createMetrics,
  type Host,
  seededRandom,
  systemClock,
} from "../../src/host/index.ts";
import { startScheduler } from "../../src/scheduler/index.ts";
import type { Case, Pods } from "./cases.ts";
import { MemoryApi } from "./memory-api.ts";
import { nodeNumber, podNumber } from "./objects.ts";

export interface Measured {
  readonly name: string;
  readonly nodes: number;
  readonly pods: number;
  readonly podsPerSecond: number;
  /** By processor time of the scheduler's thread: what a shared machine does not change much. */
  readonly podsPerCpuSecond: number;
  readonly gate?: number;
  readonly target?: number;
  /** How often a pod was tried. */
  readonly attemptsPerPod: number;
  /** From a pod's cycle until it is bound, or waits. */
  readonly attemptMs: { readonly p50: number; readonly p99: number };
  /** The longest that the event loop was kept busy in one go; and by the thread's own processor time, on a shared machine. */
  readonly longestPauseMs: number;
  readonly longestPauseCpuMs: number;
  readonly rssMiB: number;
  readonly heapMiB: number;
}

/** Pods that come to the API in one go. */
const podsPerBatch = 200;
const attemptMetric = "scheduler_scheduling_attempt_duration_seconds";

export async function measure(scenario: Case, nodes: number, seed: string): Promise<Measured> {
  const attempts: number[] = [];
  const host = benchHost(seed, (seconds) => attempts.push(seconds * 1000));
  const api = new MemoryApi();
  for (let i = 0; i < nodes; i++) api.add("nodes", nodeNumber(i, scenario));
  const namespaces = [...(scenario.before ?? []), ...(scenario.stuck ? [scenario.stuck] : []), scenario.measured];
  for (const name of new Set(namespaces.map(({ namespace }) => namespace))) {
    api.add("namespaces", { apiVersion: "v1", kind: "Namespace", metadata: { name } });
  }
  const scheduler = startScheduler({ client: createClient(api), host });
  await api.whenWatched("pods");
  let number = 0;
  const create = (pods: Pods) => {
    const made = Array.from({ length: pods.count(nodes) }, (_, i) => podNumber(number + i, pods, nodes));
    number += made.length;
    return made;
  };
  for (const pods of scenario.before ?? []) await schedule(api, create(pods));
  if (scenario.stuck) {
    for (const pod of create(scenario.stuck)) api.add("pods", pod);
    await pause(1000);
  }
  const pods = create(scenario.measured);
  globalThis.gc?.();
  attempts.length = 0;
  const pauses = watchPauses();
  const cpuBefore = threadCpuMs();
  const began = performance.now();
  await schedule(api, pods);
  const cpuSeconds = (threadCpuMs() - cpuBefore) / 1000;
  const seconds = (performance.now() - began) / 1000;
  const { wallMs, cpuMs } = pauses.stop();
  const { rss, heapUsed } = process.memoryUsage();
  await scheduler.stop();
  attempts.sort((a, b) => a - b);
  const percentile = (part: number) => round(attempts[Math.floor(attempts.length * part)] ?? 0, 3);
  return {
    name: scenario.name,
    nodes,
    pods: pods.length,
    podsPerSecond: Math.round(pods.length / seconds),
    podsPerCpuSecond: Math.round(pods.length / cpuSeconds),
    ...(scenario.gate !== undefined && { gate: scenario.gate }),
    ...(scenario.target !== undefined && { target: scenario.target }),
    attemptsPerPod: round(attempts.length / pods.length, 2),
    attemptMs: { p50: percentile(0.5), p99: percentile(0.99) },
    longestPauseMs: round(wallMs, 1),
    longestPauseCpuMs: round(cpuMs, 1),
    rssMiB: Math.round(rss / 2 ** 20),
    heapMiB: Math.round(heapUsed / 2 ** 20),
  };
}

/** Creates the pods, batch after batch, and waits until all are bound. */
async function schedule(api: MemoryApi, pods: readonly Pod[]): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const waiting = new Set(pods.map(({ metadata }) => `${metadata.namespace}/${metadata.name}`));
  const late = setTimeout(() => reject(new Error(`${waiting.size} of ${pods.length} pods were not bound`)), 300_000);
  api.onBound = (key) => {
    waiting.delete(key);
    if (waiting.size === 0) resolve();
  };
  for (let i = 0; i < pods.length; i += podsPerBatch) {
    for (const pod of pods.slice(i, i + podsPerBatch)) api.add("pods", pod);
    await new Promise((next) => setImmediate(next));
  }
  await promise.finally(() => clearTimeout(late));
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** Sees how long the event loop does not come round. */
function watchPauses(): { stop(): { wallMs: number; cpuMs: number } } {
  const longest = { wallMs: 0, cpuMs: 0 };
  let wall = performance.now();
  let cpu = threadCpuMs();
  let isStopped = false;
  const look = () => {
    const [nowWall, nowCpu] = [performance.now(), threadCpuMs()];
    longest.wallMs = Math.max(longest.wallMs, nowWall - wall);
    longest.cpuMs = Math.max(longest.cpuMs, nowCpu - cpu);
    [wall, cpu] = [nowWall, nowCpu];
    if (!isStopped) setImmediate(look);
  };
  setImmediate(look);
  return {
    stop: () => {
      isStopped = true;
      return longest;
    },
  };
}

function threadCpuMs(): number {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1000;
}

/** A host whose clock counts parts of milliseconds, and that hands every attempt's duration to the bench. */
function benchHost(seed: string, attempted: (seconds: number) => void): Host {
  const metrics = createMetrics();
  const histogram = metrics.histogram.bind(metrics);
  metrics.histogram = (options) => {
    const found = histogram(options);
    if (options.name !== attemptMetric) return found;
    const labels = found.labels.bind(found);
    return Object.assign(found, {
      labels: (...values: string[]) => Object.assign(labels(...values), { observe: attempted }),
    });
  };
  return {
    clock: {
      now: () => performance.timeOrigin + performance.now(),
      setTimer: systemClock.setTimer,
    },
    background: createBackground(systemClock),
    random: seededRandom(seed),
    log: createLogger({ level: "error", now: Date.now }),
    metrics,
  };
}

function round(value: number, digits: number): number {
  return Number(value.toFixed(digits));
}
