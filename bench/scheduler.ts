// Pods a second of the scheduler itself (queue, cycle, binding) over an API in memory that acknowledges everything.
// usage: node bench/scheduler.ts [--nodes 500,1000,5000,15000] [--cases Basic,Preemption] [--json FILE] [--seed 1]
// Every case and size runs in a process of its own, so that none inherits the heap of the one before.
import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { cases } from "./scheduler/cases.ts";
import { type Measured, measure } from "./scheduler/measure.ts";

const { values: flags } = parseArgs({
  options: {
    nodes: { type: "string", default: "500,1000,5000,15000" },
    cases: { type: "string", default: "" },
    json: { type: "string" },
    seed: { type: "string", default: "1" },
    /** Runs one case in this process and prints what was measured; with --cpu-prof it is what is to be profiled. */
    one: { type: "boolean", default: false },
  },
});

const wanted = flags.cases.split(",");
const chosen = cases.filter(({ name }) => wanted.some((part) => name.includes(part)));
const sizes = flags.nodes.split(",").map(Number);

if (flags.one) {
  const [first] = chosen;
  if (first === undefined) throw new Error(`there is no case ${flags.cases}`);
  const result = await measure(first, sizes[0] ?? 0, flags.seed);
  process.stdout.write(`${JSON.stringify(result)}\n`);
} else {
  const results: Measured[] = [];
  for (const nodes of sizes) {
    for (const { name } of chosen) {
      const args = ["--one", `--cases=${name}`, `--nodes=${nodes}`, `--seed=${flags.seed}`];
      const program = [fileURLToPath(import.meta.url), ...args];
      const printed = execFileSync(process.execPath, program, {
        encoding: "utf8",
        stdio: ["ignore", "pipe", "inherit"],
      });
      results.push(JSON.parse(printed) as Measured);
    }
    console.table(results.filter((result) => result.nodes === nodes).map(row));
  }
  if (flags.json !== undefined) writeFileSync(flags.json, `${JSON.stringify(results, undefined, 2)}\n`);
}

function row({
  name,
  pods,
  podsPerSecond,
  podsPerCpuSecond,
  gate,
  target,
  attemptMs,
  longestPauseMs,
  longestPauseCpuMs,
  rssMiB,
  heapMiB,
}: Measured) {
  return {
    case: name,
    pods,
    "pods/s": podsPerSecond,
    "per CPU s": podsPerCpuSecond,
    "original's gate": gate ?? "",
    target: target ?? "",
    "attempt p50 ms": attemptMs.p50,
    "p99 ms": attemptMs.p99,
    "longest pause ms": longestPauseMs,
    "in CPU ms": longestPauseCpuMs,
    "RSS MiB": rssMiB,
    "heap MiB": heapMiB,
  };
}
