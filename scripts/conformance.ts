// Counts which conformance requirements have a test whose title is their name, by group. Needs ../shared/spec.
// usage: npm run conformance [-- --missing]

import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

interface Requirement {
  name: string;
  test: string;
}

const showMissing = process.argv.includes("--missing");
const root = fileURLToPath(new URL("..", import.meta.url));
const file = join(root, "../shared/spec/conformance.json");
if (!existsSync(file)) {
  console.log("the reference data (../shared/spec/conformance.json) is not here: nothing to count");
  process.exit(0);
}
const requirements: Requirement[] = JSON.parse(readFileSync(file, "utf8"));
const titles = new Map<string, number>();
for (const path of execFileSync("git", ["ls-files", "test/conformance/**/*.test.ts", "test/node/*.test.ts"], {
  cwd: root,
  encoding: "utf8",
})
  .split("\n")
  .filter(Boolean)) {
  for (const title of titlesIn(readFileSync(join(root, path), "utf8"))) titles.set(title, (titles.get(title) ?? 0) + 1);
}
const groups = new Map<string, { covered: number; total: number; missing: string[] }>();
for (const { name: requirement, test } of requirements) {
  const name = /^\[([^\]]+)\]/.exec(test)?.[1] ?? "other";
  const group = groups.get(name) ?? { covered: 0, total: 0, missing: [] };
  group.total++;
  // Some requirements share a name: each needs a test of its own.
  const left = titles.get(requirement) ?? 0;
  if (left > 0) group.covered++;
  else group.missing.push(requirement);
  titles.set(requirement, left - 1);
  groups.set(name, group);
}
let covered = 0;
for (const [name, group] of [...groups].sort()) {
  console.log(`${name.padEnd(28)} ${String(group.covered).padStart(4)} / ${group.total}`);
  covered += group.covered;
  if (showMissing) for (const requirement of group.missing) console.log(`    missing: ${requirement}`);
}
console.log(`${"all".padEnd(28)} ${String(covered).padStart(4)} / ${requirements.length}`);
function titlesIn(source: string): string[] {
  return [...source.matchAll(/^\s*test\(\s*(["'`])(.*?)\1,/gms)].map(([, , title = ""]) => title);
}
