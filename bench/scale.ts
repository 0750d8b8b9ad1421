// 150,000 pods of 3 KiB in the embedded store of one API server: memory, time from start to ready, and the latency of gets
// while 500 writes a second go on. Fills the folder first (it is kept with --dir, and then only continued).
// usage: node bench/scale.ts [--pods 150000] [--seconds 20] [--writes 500] [--dir FOLDER] [--list]
//   --list: also lists all pods page by page, all of one node, and all at once in several forms, with gets meanwhile
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { systemHost } from "../src/host/index.ts";
import { openLmdbStore } from "../src/store/index.ts";
import { type Connection, connect } from "./connection.ts";
import { pod } from "./pod.ts";

const { values: flags } = parseArgs({
  options: {
    pods: { type: "string", default: "150000" },
    seconds: { type: "string", default: "20" },
    writes: { type: "string", default: "500" },
    dir: { type: "string" },
    list: { type: "boolean", default: false },
    inspect: { type: "string" },
  },
});
const program = fileURLToPath(new URL("../src/cli/main.ts", import.meta.url));
const pods = Number(flags.pods);
const writesPerSecond = Number(flags.writes);
const podsOfNode = 30;
const podsOfNamespace = 300;
const root = flags.dir ?? mkdtempSync(join(tmpdir(), "sampan-scale-"));
const data = join(root, "data");
mkdirSync(root, { recursive: true });
let server: ChildProcess | undefined;
try {
  if (!existsSync(data)) await fill();
  const { connection, readyMs } = await start();
  report("restart to ready", `${readyMs} ms`);
  report("memory after the start", memory());
  await measureGets(connection);
  report("memory after gets and writes", memory());
  if (flags.list) await measureLists(connection);
  connection.close();
} finally {
  if (server !== undefined) {
    server.kill("SIGTERM");
    await once(server, "close");
  }
  if (flags.dir === undefined) rmSync(root, { recursive: true, force: true });
}

function report(what: string, value: string): void {
  console.log(`${what.padEnd(40)} ${value}`);
}

function nameOf(i: number): { namespace: string; name: string } {
  return { namespace: `ns-${Math.floor(i / podsOfNamespace)}`, name: `pod-${i}` };
}

/** Straight into the store: the way through the API takes minutes and leaves the same. */
async function fill(): Promise<void> {
  const began = performance.now();
  const store = await openLmdbStore(systemHost(), join(data, "store"), { fsync: "interval" });
  let pending: Promise<unknown>[] = [];
  for (let i = 0; i < pods; i += podsOfNamespace) {
    const { namespace: name } = nameOf(i);
    const object = { apiVersion: "v1", kind: "Namespace", metadata: { name }, status: { phase: "Active" } };
    await store.commit({ compare: [], operations: [{ type: "put", key: `/registry/namespaces/${name}`, object }] });
  }
  for (let i = 0; i < pods; i++) {
    const { namespace, name } = nameOf(i);
    const object = pod(name, namespace, `node-${Math.floor(i / podsOfNode)}`);
    const key = `/registry/pods/${namespace}/${name}`;
    pending.push(store.commit({ compare: [], operations: [{ type: "put", key, object }] }));
    if (pending.length < 2_000) continue;
    await Promise.all(pending);
    pending = [];
  }
  await Promise.all(pending);
  await store.close();
  report("filled", `${pods} pods in ${Math.round(performance.now() - began)} ms`);
}

async function start(): Promise<{ connection: Connection; readyMs: number }> {
  const began = performance.now();
  const kubeconfig = join(root, "kubeconfig");
  const args = [program, "apiserver", "--port", "0", "--data-dir", data, "--kubeconfig", kubeconfig, "-o", "json"];
  const nodeArgs = flags.inspect === undefined ? [] : flags.inspect.split(" ");
  server = spawn(process.execPath, [...nodeArgs, ...args], { stdio: ["ignore", "pipe", "inherit"] });
  if (server.stdout === null) throw new Error("no output");
  await once(server.stdout, "data");
  return { connection: connect(kubeconfig, 16), readyMs: Math.round(performance.now() - began) };
}

/** Resident now, and the most it ever was. */
function memory(): string {
  const status = readFileSync(`/proc/${server?.pid}/status`, "utf8");
  const mebibytes = (field: string) =>
    Math.round(Number(new RegExp(`${field}:\\s+(\\d+)`).exec(status)?.[1] ?? 0) / 1024);
  return `${mebibytes("VmRSS")} MiB resident (${mebibytes("RssAnon")} of its own), ${mebibytes("VmHWM")} MiB at most`;
}

/** Gets one after the other on a few connections, while patches go out on their schedule whatever their answers take. */
async function measureGets({ call }: Connection): Promise<void> {
  const seconds = Number(flags.seconds);
  const end = performance.now() + seconds * 1000;
  const [gets, writes]: [number[], number[]] = [[], []];
  const random = () => nameOf(Math.floor(Math.random() * pods));
  const timed = async (times: number[], run: () => Promise<unknown>) => {
    const began = performance.now();
    await run();
    times.push(performance.now() - began);
  };
  const path = ({ namespace, name }: { namespace: string; name: string }) =>
    `/api/v1/namespaces/${namespace}/pods/${name}`;
  const reader = async () => {
    while (performance.now() < end) {
      await timed(gets, () => call("GET", path(random())));
      await sleep(5);
    }
  };
  const writer = async () => {
    const pending: Promise<void>[] = [];
    const began = performance.now();
    for (let n = 0; performance.now() < end; n++) {
      const due = began + (n * 1000) / writesPerSecond - performance.now();
      if (due > 1) await sleep(due);
      const body = { status: { message: `${n}` } };
      const type = "application/merge-patch+json";
      const write = timed(writes, () => call("PATCH", `${path(random())}/status`, body, type));
      write.catch(() => {}); // told at the end
      pending.push(write);
    }
    await Promise.all(pending);
  };
  await Promise.all([writer(), ...Array.from({ length: 4 }, reader)]);
  const at = (times: number[], share: number) => times[Math.floor(times.length * share)]?.toFixed(2) ?? "";
  for (const [what, times] of Object.entries({ gets, writes })) {
    times.sort((a, b) => a - b);
    const perSecond = Math.round(times.length / seconds);
    report(`${what} a second`, `${perSecond}; p50 ${at(times, 0.5)} ms, p99 ${at(times, 0.99)} ms`);
  }
}

async function measureLists(connection: Connection): Promise<void> {
  const { call } = connection;
  const node = "/api/v1/pods?fieldSelector=spec.nodeName%3Dnode-77";
  for (const what of ["first", "second"]) {
    const began = performance.now();
    const found = JSON.parse(await call("GET", node)).items.length;
    report(`${what} list of one node's ${found} pods`, `${(performance.now() - began).toFixed(1)} ms`);
  }
  const began = performance.now();
  let position = "";
  let count = 0;
  do {
    const page = JSON.parse(await call("GET", `/api/v1/pods?limit=500${position}`));
    count += page.items.length;
    position = page.metadata.continue ? `&continue=${encodeURIComponent(page.metadata.continue)}` : "";
  } while (position !== "");
  report(`list of ${count} pods in pages of 500`, `${Math.round(performance.now() - began)} ms`);
  report("memory after that", memory());
  for (const accept of ["application/json", "application/vnd.kubernetes.protobuf"])
    await listAtOnce(connection, accept);
}

/** All pods in one answer, whose bytes are not kept, and what one get after the other takes meanwhile. */
async function listAtOnce({ call, discard }: Connection, accept: string): Promise<void> {
  const began = performance.now();
  const times: number[] = [];
  let listing = true;
  const listed = discard("/api/v1/pods", accept).finally(() => {
    listing = false;
  });
  const { namespace, name } = nameOf(0);
  while (listing) {
    const asked = performance.now();
    await call("GET", `/api/v1/namespaces/${namespace}/pods/${name}`);
    times.push(performance.now() - asked);
    await sleep(2);
  }
  times.sort((a, b) => a - b);
  const mebibytes = Math.round((await listed) / 2 ** 20);
  report(`all as ${accept}`, `${mebibytes} MiB in ${Math.round(performance.now() - began)} ms`);
  const at = (share: number) => times[Math.floor((times.length - 1) * share)]?.toFixed(1);
  report("gets meanwhile", `${times.length}; p50 ${at(0.5)} ms, p99 ${at(0.99)} ms, most ${at(1)} ms`);
  report("memory after that", memory());
}
