// How long a Deployment takes on simulated nodes: until the cluster is ready, all pods are bound, all pods are Ready, and
// (after a deletion) all are gone; with CPU time and memory of the whole process, and the longest turn of its event loop:
// how long a request of somebody else may have waited.
// usage: node bench/rollout.ts [--nodes 500] [--replicas 3000] [--profile FILE]
// --profile: a CPU profile from when the cluster is ready until all pods are bound, for bench/split.ts.
import { writeFileSync } from "node:fs";
import { Session } from "node:inspector/promises";
import { monitorEventLoopDelay } from "node:perf_hooks";
import { parseArgs } from "node:util";
import type { Pod } from "../src/api/types/index.ts";
import { createCluster, resources } from "../src/index.ts";

const { values: flags } = parseArgs({
  options: {
    nodes: { type: "string", default: "500" },
    replicas: { type: "string", default: "3000" },
    deadline: { type: "string", default: "120" },
    profile: { type: "string" },
  },
});
const replicas = Number(flags.replicas);
const table: Record<string, string | number>[] = [];
let began = performance.now();
let cpuBefore = process.cpuUsage();
let threadBefore = process.threadCpuUsage();
const turns = monitorEventLoopDelay({ resolution: 1 });
turns.enable();

// About 60 pods for a processor: that they fit is not what is measured.
const nodes = { count: Number(flags.nodes), cpu: "64", memory: "256Gi", pods: 250 };
const cluster = await createCluster({ nodes });
record("cluster ready");
const client = cluster.client();
const counts = { bound: 0, ready: 0, pods: 0 };
const states = new Map<string, { bound: boolean; ready: boolean }>();
let changed = () => {};
const watching = await client.resource(resources.pods).watch(
  { namespace: "default" },
  {
    events: (batch) => {
      for (const event of batch) {
        if (event.type === "ERROR" || event.type === "BOOKMARK") continue;
        const { metadata, spec, status } = event.object as Pod;
        const ready = status?.conditions?.some(({ type, status }) => type === "Ready" && status === "True") ?? false;
        count(metadata.name ?? "", event.type === "DELETED" ? undefined : { bound: Boolean(spec?.nodeName), ready });
      }
      changed();
    },
    end: () => {},
  },
);
if (replicas > 0) {
  const profiling = await startProfile();
  await client.resource(resources.deployments).create({
    metadata: { name: "web", namespace: "default" },
    spec: {
      replicas,
      selector: { matchLabels: { app: "web" } },
      template: {
        metadata: { labels: { app: "web" } },
        spec: {
          terminationGracePeriodSeconds: 0,
          containers: [{ name: "web", image: "nginx", resources: { requests: { cpu: "100m", memory: "64Mi" } } }],
        },
      },
    },
  });
  await until("bound", () => counts.bound === replicas);
  await profiling?.stop();
  await until("ready", () => counts.ready === replicas);
  await client.resource(resources.deployments).delete({ namespace: "default", name: "web" });
  await until("gone", () => counts.pods === 0);
}
watching.stop();
await cluster.stop();
console.table(table);

function count(name: string, next: { bound: boolean; ready: boolean } | undefined): void {
  const before = states.get(name);
  counts.bound += Number(next?.bound ?? false) - Number(before?.bound ?? false);
  counts.ready += Number(next?.ready ?? false) - Number(before?.ready ?? false);
  counts.pods += Number(next !== undefined) - Number(before !== undefined);
  if (next) states.set(name, next);
  else states.delete(name);
}

async function startProfile(): Promise<{ stop(): Promise<void> } | undefined> {
  const { profile: file } = flags;
  if (file === undefined) return undefined;
  const session = new Session();
  session.connect();
  await session.post("Profiler.enable");
  await session.post("Profiler.start");
  return {
    stop: async () => {
      const { profile } = await session.post("Profiler.stop");
      writeFileSync(file, JSON.stringify(profile));
      session.disconnect();
    },
  };
}

async function until(what: string, reached: () => boolean): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const late = setTimeout(() => reject(new Error(`${what}: ${JSON.stringify(counts)}`)), Number(flags.deadline) * 1000);
  changed = () => {
    if (reached()) resolve();
  };
  changed();
  await promise.finally(() => clearTimeout(late));
  record(`${replicas} pods ${what}`);
}

/** What has passed since the last record. */
function record(what: string): void {
  const { user, system } = process.cpuUsage(cpuBefore);
  const thread = process.threadCpuUsage(threadBefore);
  const ms = Math.round(performance.now() - began);
  table.push({
    what,
    ms,
    "CPU ms": Math.round((user + system) / 1000),
    "of the main thread": Math.round((thread.user + thread.system) / 1000),
    "longest turn ms": Math.round(turns.max / 1e6),
    "RSS MiB": Math.round(process.memoryUsage.rss() / 2 ** 20),
  });
  began = performance.now();
  cpuBefore = process.cpuUsage();
  threadBefore = process.threadCpuUsage();
  turns.reset();
}
