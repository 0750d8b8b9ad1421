// Which part of the program the time of a CPU profile went to: for every sample the innermost function of src/ counts.
// usage: node --cpu-prof --cpu-prof-dir=DIR bench/rollout.ts; node bench/split.ts DIR/*.cpuprofile
import { readFileSync } from "node:fs";

interface CallNode {
  readonly id: number;
  readonly callFrame: { readonly functionName: string; readonly url: string };
  readonly children?: readonly number[];
}

interface Profile {
  readonly nodes: readonly CallNode[];
  readonly samples: readonly number[];
  /** Microseconds before each sample. */
  readonly timeDeltas: readonly number[];
}

const [file] = process.argv.slice(2);
if (file === undefined) throw new Error("which profile? usage: node bench/split.ts FILE");
const profile = JSON.parse(readFileSync(file, "utf8")) as Profile;
const nodes = new Map(profile.nodes.map((node) => [node.id, node]));
const parents = new Map(
  profile.nodes.flatMap(({ id, children = [] }) => children.map((child) => [child, id] as const)),
);
const parts = new Map<number, string>();
const totals = new Map<string, number>();
for (const [i, sample] of profile.samples.entries()) {
  const part = partOf(sample);
  totals.set(part, (totals.get(part) ?? 0) + (profile.timeDeltas[i] ?? 0));
}
totals.delete("(idle)");
const all = totals.values().reduce((sum, us) => sum + us, 0);
const rows = [...totals].sort(([, a], [, b]) => b - a);
console.table(
  rows.map(([part, us]) => ({ part, ms: Math.round(us / 1000), "%": Number(((100 * us) / all).toFixed(1)) })),
);

function partOf(id: number): string {
  const known = parts.get(id);
  if (known !== undefined) return known;
  const node = nodes.get(id);
  const { functionName = "", url = "" } = node?.callFrame ?? {};
  const component = /\/src\/([a-z]+)\//.exec(url)?.[1];
  const parent = parents.get(id);
  const isLeaf = functionName === "(idle)" || functionName === "(garbage collector)" || functionName === "(program)";
  const part = component ?? (isLeaf || parent === undefined ? functionName || "node" : partOf(parent));
  const named = part === "(root)" ? "node" : part;
  parts.set(id, named);
  return named;
}
