// Measures an API server over TLS: requests a second, latency, the server's CPU time for each operation, its peak memory.
// Works against any kubeconfig, so that the original can be measured by the same program.
// usage: npm run bench:api -- --kubeconfig FILE [--pid PID[,PID]] [--store-pid PID[,PID]] [--objects 2000] [--rounds 2] [--clients 32]
//        [--watchers 50,300,1000] [--watch-protocol h1|h2] [--only get,list] [--json FILE]
//   --pid: the server's processes on this machine; their CPU time and memory are read from /proc (without them those columns
//          are empty)
//   --store-pid: the processes of a store beside the server (etcd): their CPU time and memory are told apart from the server's
//   --rounds: everything is done so often, each time with as many objects in a namespace of its own, and every round is
//          printed. In the first one the server's compiler is still at work if it has just been started; the last one is
//          what it needs from then on.
//   --watch-protocol: how watchers connect, each by a connection of its own: HTTP/1.1, or HTTP/2 as Go's clients do
import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { connect } from "./connection.ts";
import { openWatch } from "./watcher.ts";

const { values: flags } = parseArgs({
  options: {
    kubeconfig: { type: "string" },
    pid: { type: "string" },
    "store-pid": { type: "string" },
    objects: { type: "string", default: "2000" },
    rounds: { type: "string", default: "2" },
    clients: { type: "string", default: "32" },
    watchers: { type: "string", default: "50,300,1000" },
    "watch-protocol": { type: "string", default: "h1" },
    only: { type: "string" },
    json: { type: "string" },
  },
});
if (flags.kubeconfig === undefined) throw new Error("--kubeconfig is needed");
const objects = Number(flags.objects);
const clockTicks = Number(execFileSync("getconf", ["CLK_TCK"], { encoding: "utf8" }));
const clients = Number(flags.clients);
const pids = flags.pid?.split(",") ?? [];
const storePids = flags["store-pid"]?.split(",") ?? [];
const { server, agent, call } = connect(flags.kubeconfig, clients);
let pods = "";

const running = { status: { phase: "Running", conditions: [{ type: "Ready", status: "True" }], podIP: "10.244.0.9" } };

interface Row {
  round: number;
  operation: string;
  count: number;
  perSecond: number;
  p50Ms: number;
  p99Ms: number;
  cpuMicros: number | null;
  /** The kernel's share of it. */
  kernelMicros: number | null;
  /** Of all its processes, up to the end of this operation. */
  peakMemoryMiB: number | null;
  /** The same of a store beside it. */
  storeCpuMicros: number | null;
  storePeakMemoryMiB: number | null;
}

interface Cpu {
  readonly user: number;
  readonly kernel: number;
}

interface Spent {
  readonly server: Cpu | null;
  readonly store: Cpu | null;
}

/** Creating and deleting are never left out: the others need the objects. */
const only = flags.only?.split(",");
const wanted = (operation: string): boolean => only === undefined || only.includes(operation);

const rows: Row[] = [];
const rounds = Number(flags.rounds);
for (let round = 1; round <= rounds; round++) await run(round);
agent.destroy();
if (flags.json !== undefined) writeFileSync(flags.json, `${JSON.stringify(rows, null, 2)}\n`);

/** All operations, in a namespace of their own. */
async function run(round: number): Promise<void> {
  const namespace = `bench-${process.pid}-${round}`;
  pods = `/api/v1/namespaces/${namespace}/pods`;
  await call("POST", "/api/v1/namespaces", { metadata: { name: namespace } });
  // An API server alone has nobody who makes it; where controllers run they are mostly first.
  const account = call("POST", `/api/v1/namespaces/${namespace}/serviceaccounts`, { metadata: { name: "default" } });
  await account.catch((error: unknown) => {
    if (!String(error).includes("AlreadyExists")) throw error;
  });
  try {
    await operations(round);
  } finally {
    await call("DELETE", `/api/v1/namespaces/${namespace}`);
  }
  print(round);
}

async function operations(round: number): Promise<void> {
  const name = (i: number) => `pod-${i}`;
  await measure(round, "create", objects, (i) => call("POST", pods, pod(name(i))));
  if (wanted("get")) await measure(round, "get", objects, (i) => call("GET", `${pods}/${name(i)}`));
  if (wanted("list")) await measure(round, "list", 20, () => call("GET", pods));
  if (wanted("patch")) {
    await measure(round, "strategic status patch", objects, (i) =>
      patch(`${pods}/${name(i)}/status`, "strategic-merge-patch+json", running),
    );
  }
  if (wanted("apply")) {
    await measure(round, "apply", objects, (i) =>
      patch(`${pods}/${name(i)}?fieldManager=bench&force=true`, "apply-patch+yaml", label(name(i))),
    );
  }
  if (wanted("watch")) {
    const changes = Math.min(objects, 500);
    // What the changes cost when nobody watches: to be taken off what they cost with watchers.
    await measure(round, "merge patch, no watcher", changes, (i) => annotate(name(i), "0"));
    for (const n of flags.watchers.split(",")) await fanOut(round, Number(n), changes);
  }
  await measure(round, "delete", objects, (i) => call("DELETE", `${pods}/${name(i)}?gracePeriodSeconds=0`));
}

function annotate(name: string, watchers: string): Promise<string> {
  return patch(`${pods}/${name}`, "merge-patch+json", { metadata: { annotations: { watchers } } });
}

/** Runs `count` operations with all clients at once. */
async function measure(
  round: number,
  operation: string,
  count: number,
  run: (i: number) => Promise<unknown>,
): Promise<void> {
  const times: number[] = [];
  const cpu = spentSoFar();
  const start = performance.now();
  let next = 0;
  const client = async () => {
    for (let i = next++; i < count; i = next++) {
      const began = performance.now();
      await run(i);
      times.push(performance.now() - began);
    }
  };
  await Promise.all(Array.from({ length: Math.min(clients, count) }, client));
  record(round, operation, count, performance.now() - start, times, cpu);
}

/**
 * Every watcher must see every change; an operation is one event to one watcher. Its latency is from the answer to the change
 * until the last watcher has been told.
 */
async function fanOut(round: number, watchers: number, changes: number): Promise<void> {
  const list = await call("GET", `${pods}?limit=1`);
  const version = JSON.parse(list).metadata.resourceVersion;
  const streams = await Promise.all(
    Array.from({ length: watchers }, () =>
      openWatch(flags["watch-protocol"], server, agent.options, `${pods}?watch=1&resourceVersion=${version}`),
    ),
  );
  const cpu = spentSoFar();
  const start = performance.now();
  let next = 0;
  const client = async () => {
    for (let i = next++; i < changes; i = next++) {
      await annotate(`pod-${i}`, `${watchers} ${rows.length}`);
    }
  };
  await Promise.all(Array.from({ length: clients }, client));
  await Promise.all(streams.map((stream) => stream.seen(changes)));
  record(round, `watch event to ${watchers} watchers`, watchers * changes, performance.now() - start, [], cpu);
  const latencies: number[] = [];
  for (let i = 0; i < Math.min(changes, 50); i++) {
    const seen = streams.map((stream) => stream.seen(changes + i + 1));
    const began = performance.now();
    await annotate("pod-0", `${watchers} ${rows.length}-${i}`);
    await Promise.all(seen);
    latencies.push(performance.now() - began);
  }
  const row = rows.at(-1);
  latencies.sort((a, b) => a - b);
  if (row !== undefined) Object.assign(row, { p50Ms: at(latencies, 0.5), p99Ms: at(latencies, 0.99) });
  for (const stream of streams) stream.close();
}

function record(round: number, operation: string, count: number, ms: number, times: number[], before: Spent): void {
  const after = spentSoFar();
  times.sort((a, b) => a - b);
  const spent = (who: keyof Spent, pick: (cpu: Cpu) => number) => {
    const [from, to] = [before[who], after[who]];
    return from === null || to === null ? null : (pick(to) - pick(from)) / count;
  };
  const all = ({ user, kernel }: Cpu) => user + kernel;
  rows.push({
    round,
    operation,
    count,
    perSecond: (1000 * count) / ms,
    p50Ms: at(times, 0.5),
    p99Ms: at(times, 0.99),
    cpuMicros: spent("server", all),
    kernelMicros: spent("server", ({ kernel }) => kernel),
    peakMemoryMiB: peakMemoryMiB(pids),
    storeCpuMicros: spent("store", all),
    storePeakMemoryMiB: peakMemoryMiB(storePids),
  });
}

function at(sorted: readonly number[], share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
}

function spentSoFar(): Spent {
  return { server: cpuMicros(pids), store: cpuMicros(storePids) };
}

/** User and system time of processes, with all their threads, in microseconds. */
function cpuMicros(pids: readonly string[]): Cpu | null {
  if (pids.length === 0) return null;
  const times = pids.map((pid) => readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]?.split(" ") ?? []);
  const sum = (field: number) => times.reduce((total, fields) => total + Number(fields[field]) * (1e6 / clockTicks), 0);
  return { user: sum(11), kernel: sum(12) };
}

function peakMemoryMiB(pids: readonly string[]): number | null {
  if (pids.length === 0) return null;
  const peaks = pids.map((pid) => Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1] ?? 0));
  return peaks.reduce((total, kibibytes) => total + kibibytes / 1024, 0);
}

function patch(path: string, type: string, body: unknown): Promise<string> {
  return call("PATCH", path, body, `application/${type}`);
}

/** About 3 KiB as stored: what a usual pod is. */
function pod(name: string): object {
  const env = Array.from({ length: 8 }, (_, i) => ({ name: `SETTING_${i}`, value: "x".repeat(40) }));
  const resources = { requests: { cpu: "100m", memory: "128Mi" }, limits: { memory: "256Mi" } };
  const container = (c: string) => ({ name: c, image: `registry.example/${c}:1.0`, env, resources });
  const labels = { app: "bench", tier: "web", release: "r1" };
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name, labels, annotations: { note: "y".repeat(200) } },
    spec: { containers: [container("web"), container("proxy")], automountServiceAccountToken: false },
  };
}

function label(name: string): object {
  return { apiVersion: "v1", kind: "Pod", metadata: { name, labels: { applied: "yes" } } };
}

function print(round: number): void {
  const row = (cells: string[]) =>
    console.log(cells.map((cell, i) => (i === 0 ? cell.padEnd(30) : cell.padStart(12))).join(""));
  console.log(`round ${round} of ${rounds}${round === 1 ? " (cold)" : ""}, ${objects} objects`);
  const storeTitles = storePids.length === 0 ? [] : ["store CPU us", "store MiB"];
  row(["operation", "count", "per second", "p50 ms", "p99 ms", "CPU us each", "in kernel", "peak MiB", ...storeTitles]);
  for (const r of rows) {
    if (r.round !== round) continue;
    const cpu = [r.cpuMicros?.toFixed(1) ?? "", r.kernelMicros?.toFixed(1) ?? "", r.peakMemoryMiB?.toFixed(0) ?? ""];
    const store = storePids.length === 0 ? [] : [r.storeCpuMicros?.toFixed(1), r.storePeakMemoryMiB?.toFixed(0)];
    const cells = [r.operation, `${r.count}`, r.perSecond.toFixed(0), r.p50Ms.toFixed(2), r.p99Ms.toFixed(2)];
    row([...cells, ...cpu, ...store.map((cell) => cell ?? "")]);
  }
}
