// How many commits a second the embedded stores make, by number of concurrent writers; prints a table.
// Usage: node bench/store.ts [seconds per measurement]
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { systemHost } from "../src/host/index.ts";
import { createMemoryStore, openLmdbStore, type Store } from "../src/store/index.ts";

const objectBytes = 3 * 1024;
const keysOfWriter = 200;
const restartObjects = 50_000;
const secondsEach = Number(process.argv[2] ?? 2);

interface Row {
  store: string;
  writers: number;
  "commits/s": number;
  "p50 ms": number;
  "p99 ms": number;
}

/** What a pod lacks to `objectBytes`; found with the first one. */
let fillingBytes: number | undefined;

const host = systemHost({ log: { level: "warn" } });
const root = await mkdtemp(join(tmpdir(), "sampan-bench-"));
const rows: Row[] = [];
try {
  for (const writers of [1, 32, 256]) {
    rows.push(await measure("memory", createMemoryStore(host), writers));
    rows.push(await measure("lmdb", await openLmdbStore(host, join(root, `always-${writers}`)), writers));
    const relaxed = await openLmdbStore(host, join(root, `interval-${writers}`), { fsync: "interval" });
    rows.push(await measure("lmdb, fsync interval", relaxed, writers));
  }
  console.table(rows);
  await measureRestart(join(root, "restart"));
} finally {
  await rm(root, { recursive: true, force: true });
}

async function measure(name: string, store: Store, writers: number): Promise<Row> {
  const latencies: number[] = [];
  const start = performance.now();
  const end = start + secondsEach * 1000;
  const write = async (writer: number) => {
    for (let i = 0; performance.now() < end; i++) {
      const before = performance.now();
      await commit(store, `/registry/pods/ns-${writer}/pod-${i % keysOfWriter}`);
      latencies.push(performance.now() - before);
      if (i % 100 === 99) await new Promise((resolve) => setImmediate(resolve)); // the memory store never waits by itself
    }
  };
  await Promise.all(Array.from({ length: writers }, (_, writer) => write(writer)));
  const seconds = (performance.now() - start) / 1000;
  await store.close();
  latencies.sort((a, b) => a - b);
  return {
    store: name,
    writers,
    "commits/s": Math.round(latencies.length / seconds),
    "p50 ms": quantile(latencies, 0.5),
    "p99 ms": quantile(latencies, 0.99),
  };
}

function quantile(sorted: readonly number[], q: number): number {
  return Number((sorted[Math.floor(sorted.length * q)] ?? 0).toFixed(3));
}

async function measureRestart(dir: string): Promise<void> {
  let store = await openLmdbStore(host, dir, { fsync: "interval" });
  const writes: Promise<unknown>[] = [];
  for (let i = 0; i < restartObjects; i++) {
    writes.push(commit(store, `/registry/pods/ns-${i % 100}/pod-${i}`));
    if (writes.length === 1_000) await Promise.all(writes.splice(0));
  }
  await store.close();
  const before = performance.now();
  store = await openLmdbStore(host, dir);
  const opened = performance.now();
  let parsed = 0;
  for (const { object } of (await store.list("/registry/pods/")).entries()) if (object.kind === "Pod") parsed++;
  const read = performance.now();
  console.log(
    `restart with ${parsed} objects: open ${Math.round(opened - before)} ms, then parsing all ${Math.round(read - opened)} ms`,
  );
  await store.close();
}

async function commit(store: Store, key: string): Promise<void> {
  const result = await store.commit({ compare: [], operations: [{ type: "put", key, object: pod(key) }] });
  if (!result.committed) throw new Error(`the commit of ${key} was refused`);
}

/** About as large and as deep as a pod. */
function pod(name: string) {
  const containers = Array.from({ length: 3 }, (_, i) => ({
    name: `container-${i}`,
    image: "registry.k8s.io/pause:3.10",
    env: Array.from({ length: 6 }, (_, j) => ({ name: `VARIABLE_${j}`, value: `value-${j}` })),
    resources: { requests: { cpu: "100m", memory: "128Mi" }, limits: { cpu: "1", memory: "1Gi" } },
    terminationMessagePath: "/dev/termination-log",
    imagePullPolicy: "IfNotPresent",
  }));
  const object = {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name, namespace: "bench", uid: "00000000-0000-4000-8000-000000000000", labels: { app: "bench" } },
    spec: { containers, restartPolicy: "Always", nodeName: "node-1", serviceAccountName: "default" },
    status: { phase: "Running", message: "" },
  };
  fillingBytes ??= Math.max(0, objectBytes - JSON.stringify(object).length);
  object.status.message = "x".repeat(fillingBytes);
  return object;
}
