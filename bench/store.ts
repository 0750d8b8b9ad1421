// The embedded stores beside etcd: committed writes a second and range reads, same keys and values (3 KiB), by number of
// clients, with the latency of the slowest hundredth. All in one run; the ratios to etcd are printed below the tables.
// usage: node bench/store.ts [--seconds 3] [--json FILE]
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { systemHost } from "../src/host/index.ts";
import { createMemoryStore, openLmdbStore, type Store } from "../src/store/index.ts";
import { type EtcdMember, startEtcd } from "./etcd-member.ts";
import { pod } from "./pod.ts";

const keysOfWriter = 200;
const restartObjects = 50_000;
/** What a range read reads: a namespace of so many objects. */
const rangeObjects = 500;
const rangeNamespaces = 20;
const rounds = 5;
const { values: flags } = parseArgs({
  options: { seconds: { type: "string", default: "3" }, json: { type: "string" } },
});
const secondsEach = Number(flags.seconds);

interface Row {
  readonly what: string;
  readonly store: string;
  readonly clients: number;
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

/** What is measured: a store, or etcd behind its connection. */
interface Subject {
  readonly name: string;
  write(client: number, key: string): Promise<void>;
  /** Reads all bytes under a prefix; how many objects there were. */
  range(client: number, prefix: string): Promise<number>;
  close(): Promise<void>;
}

const host = systemHost({ log: { level: "warn" } });
const root = await mkdtemp(join(tmpdir(), "sampan-bench-"));
const rows: Row[] = [];
let folders = 0;
const folder = () => join(root, `${folders++}`);
try {
  for (const writers of [1, 32, 256]) {
    const key = (writer: number, i: number) => `/registry/pods/ns-${writer}/pod-${i % keysOfWriter}`;
    await compare("write", writers, (subject) => (writer, i) => subject.write(writer, key(writer, i)));
  }
  for (const readers of [1, 32]) {
    await compare(
      `range of ${rangeObjects}`,
      readers,
      (subject) => async (reader, i) => {
        const found = await subject.range(reader, namespace(reader + i));
        if (found !== rangeObjects) throw new Error(`${found} objects instead of ${rangeObjects}`);
      },
      fillRanges,
    );
  }
  print();
  await measureRestart(folder());
} finally {
  await rm(root, { recursive: true, force: true });
}

async function openCompared(): Promise<Subject[]> {
  const subjects = [ofStore("embedded", await openLmdbStore(host, folder()))];
  const member = await startEtcd(folder());
  if (member === undefined) console.log("no etcd on this machine: apt-get install etcd-server");
  else subjects.push(ofEtcd(member));
  return subjects;
}

async function openOthers(): Promise<Subject[]> {
  return [
    ofStore("embedded, --fsync=interval", await openLmdbStore(host, folder(), { fsync: "interval" })),
    ofStore("memory", createMemoryStore(host)),
  ];
}

function namespace(n: number): string {
  return `/registry/pods/ns-${n % rangeNamespaces}/`;
}

async function fillRanges(subject: Subject): Promise<void> {
  for (let n = 0; n < rangeNamespaces; n++) {
    await Promise.all(Array.from({ length: rangeObjects }, (_, i) => subject.write(0, `${namespace(n)}pod-${i}`)));
  }
}

type Run = (client: number, i: number) => Promise<void>;

/** The store and etcd by themselves, then the others: the memory store's history would fill the heap of them all. */
async function compare(
  what: string,
  clients: number,
  runOf: (subject: Subject) => Run,
  prepare?: (subject: Subject) => Promise<void>,
): Promise<void> {
  await takeTurns(what, clients, runOf, await openCompared(), prepare);
  await takeTurns(what, clients, runOf, await openOthers(), prepare);
}

/** All of them in turn, several times, so that what else the machine does meets each alike; the middle one of the rounds counts. */
async function takeTurns(
  what: string,
  clients: number,
  runOf: (subject: Subject) => Run,
  subjects: readonly Subject[],
  prepare?: (subject: Subject) => Promise<void>,
): Promise<void> {
  const found = new Map(subjects.map((subject) => [subject, { perSecond: [] as number[], latencies: [] as number[] }]));
  for (const subject of subjects) await prepare?.(subject);
  for (let round = 0; round < rounds; round++) {
    for (const [subject, { perSecond, latencies }] of found) {
      perSecond.push(await measure(clients, runOf(subject), latencies));
    }
  }
  for (const [{ name }, { perSecond, latencies }] of found) {
    perSecond.sort((a, b) => a - b);
    latencies.sort((a, b) => a - b);
    const [p50Ms, p99Ms] = [quantile(latencies, 0.5), quantile(latencies, 0.99)];
    rows.push({ what, store: name, clients, perSecond: quantile(perSecond, 0.5), p50Ms, p99Ms });
  }
  for (const subject of subjects) await subject.close();
}

/** Gives how many were done in a second, and adds what each took. */
async function measure(clients: number, run: Run, latencies: number[]): Promise<number> {
  const before = latencies.length;
  const start = performance.now();
  const end = start + (secondsEach * 1000) / rounds;
  const work = async (client: number) => {
    for (let i = 0; performance.now() < end; i++) {
      const began = performance.now();
      await run(client, i);
      latencies.push(performance.now() - began);
      if (i % 100 === 99) await new Promise((resolve) => setImmediate(resolve)); // the memory store never waits by itself
    }
  };
  await Promise.all(Array.from({ length: clients }, (_, client) => work(client)));
  return (latencies.length - before) / ((performance.now() - start) / 1000);
}

function ofStore(name: string, store: Store): Subject {
  return {
    name,
    async write(_client, key) {
      const result = await store.commit({ compare: [], operations: [{ type: "put", key, object: pod(key) }] });
      if (!result.committed) throw new Error(`the commit of ${key} was refused`);
    },
    async range(_client, prefix) {
      let count = 0;
      for (const entry of (await store.list(prefix)).entries()) if (entry.json().length > 0) count++;
      return count;
    },
    close: () => store.close(),
  };
}

function ofEtcd(member: EtcdMember): Subject {
  const connections = Array.from({ length: 4 }, () => member.connect());
  const connection = (client: number) => connections[client % connections.length] ?? member.connect();
  return {
    name: "etcd",
    async write(client, key) {
      const value = Buffer.from(JSON.stringify(pod(key)));
      await connection(client).call("KV", "Put", { key: Buffer.from(key), value }, "write");
    },
    async range(client, prefix) {
      const request = { key: Buffer.from(prefix), rangeEnd: Buffer.from(`${prefix.slice(0, -1)}0`) };
      const answer = await connection(client).call<{ kvs: readonly unknown[] }>("KV", "Range", request, "read");
      return answer.kvs.length;
    },
    async close() {
      for (const each of connections) each.close();
      await member.stop();
    },
  };
}

function quantile(sorted: readonly number[], q: number): number {
  return Number((sorted[Math.floor(sorted.length * q)] ?? 0).toFixed(3));
}

function print(): void {
  console.table(rows.map((row) => ({ ...row, perSecond: Math.round(row.perSecond) })));
  for (const etcd of rows.filter((row) => row.store === "etcd")) {
    const own = rows.find((row) => row.store === "embedded" && row.what === etcd.what && row.clients === etcd.clients);
    if (own === undefined) continue;
    const times = (own.perSecond / etcd.perSecond).toFixed(1);
    console.log(
      `${etcd.what}, ${etcd.clients} clients: embedded ${times} times etcd; p99 ${own.p99Ms} ms against ${etcd.p99Ms} ms`,
    );
  }
  if (flags.json !== undefined) void writeFile(flags.json, `${JSON.stringify(rows, null, 2)}\n`);
}

async function measureRestart(dir: string): Promise<void> {
  let store = await openLmdbStore(host, dir, { fsync: "interval" });
  const subject = ofStore("restart", store);
  const writes: Promise<unknown>[] = [];
  for (let i = 0; i < restartObjects; i++) {
    writes.push(subject.write(0, `/registry/pods/ns-${i % 100}/pod-${i}`));
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
