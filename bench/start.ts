// How long a start takes until the cluster is ready, as the built command tells it: a new data folder, one that is
// continued, and in memory; with V8's compile cache and without. Prints medians.
// usage: npm run build && node bench/start.ts [--runs 5] [--nodes 3] [--program bin/sampan.js]
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

const { values: flags } = parseArgs({
  options: {
    runs: { type: "string", default: "5" },
    nodes: { type: "string", default: "3" },
    program: { type: "string", default: fileURLToPath(new URL("../bin/sampan.js", import.meta.url)) },
  },
});

interface Run {
  readonly ms: number;
  readonly cpuMs: number;
  readonly memoryMiB: number;
}

const clockTicks = Number(execFileSync("getconf", ["CLK_TCK"], { encoding: "utf8" }));
const root = mkdtempSync(join(tmpdir(), "sampan-start-"));
const runs = Number(flags.runs);
const table: Record<string, string | number>[] = [];
try {
  const cache = { NODE_COMPILE_CACHE: join(root, "compile-cache") };
  await start(["--ephemeral"], cache); // fills the compile cache
  await measure("with compile cache", cache);
  await measure("without compile cache", { NODE_DISABLE_COMPILE_CACHE: "1" });
} finally {
  rmSync(root, { recursive: true, force: true });
}
console.table(table);

async function measure(cache: string, env: Record<string, string>): Promise<void> {
  const [fresh, continued, memory]: Run[][] = [[], [], []];
  for (let run = 0; run < runs; run++) {
    const folder = ["--data-dir", join(root, `data-${run}`)];
    fresh?.push(await start(folder, env));
    continued?.push(await start(folder, env));
    memory?.push(await start(["--ephemeral"], env));
    rmSync(join(root, `data-${run}`), { recursive: true });
  }
  record("new folder", cache, fresh);
  record("continued folder", cache, continued);
  record("in memory", cache, memory);
}

function record(cluster: string, cache: string, of: readonly Run[] = []): void {
  const median = (pick: (run: Run) => number) => of.map(pick).sort((a, b) => a - b)[of.length >> 1] ?? 0;
  const ms = median((run) => run.ms);
  table.push({ cluster, cache, ms, "CPU ms": median((run) => run.cpuMs), "RSS MiB": median((run) => run.memoryMiB) });
}

/** One start and stop of the command. */
async function start(args: readonly string[], env: Record<string, string>): Promise<Run> {
  const kubeconfig = join(root, "kubeconfig");
  const common = ["up", "--nodes", flags.nodes, "--port", "0", "--kubeconfig", kubeconfig, "--output", "json"];
  const child = spawn(process.execPath, [flags.program, ...common, ...args], {
    stdio: ["ignore", "pipe", "inherit"],
    env: { ...process.env, ...env },
  });
  const ended = new Promise<void>((resolve) => child.on("exit", () => resolve()));
  const line = await firstLine(child);
  const run = { ms: Number(JSON.parse(line).ms), ...usage(child.pid) };
  child.kill("SIGTERM");
  await ended;
  return run;
}

function firstLine(child: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    if (child.stdout) createInterface({ input: child.stdout }).once("line", resolve);
    child.once("exit", (code) => reject(new Error(`sampan ended with ${code} before it was ready`)));
  });
}

function usage(pid = 0): { cpuMs: number; memoryMiB: number } {
  const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]?.split(" ") ?? [];
  const cpuMs = (Number(fields[11]) + Number(fields[12])) * (1000 / clockTicks);
  const kib = Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1]);
  return { cpuMs, memoryMiB: Math.round(kib / 1024) };
}
