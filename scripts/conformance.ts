// Counts which conformance requirements have a test that carries their name, by group. Needs ../shared/spec.

import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

interface Requirement {
  name: string;
  test: string;
}

const root = fileURLToPath(new URL("..", import.meta.url));
const file = join(root, "../shared/spec/conformance.json");
if (!existsSync(file)) {
  console.log("the reference data (../shared/spec/conformance.json) is not here: nothing to count");
  process.exit(0);
}
const requirements: Requirement[] = JSON.parse(readFileSync(file, "utf8"));
const tests = execFileSync("git", ["ls-files", "src/**/*.test.ts", "test/**/*.test.ts"], {
  cwd: root,
  encoding: "utf8",
})
  .split("\n")
  .filter(Boolean)
  .map((path) => readFileSync(join(root, path), "utf8"))
  .join("\n");
const groups = new Map<string, { covered: number; total: number }>();
for (const { name: requirement, test } of requirements) {
  const name = /^\[([^\]]+)\]/.exec(test)?.[1] ?? "other";
  const group = groups.get(name) ?? { covered: 0, total: 0 };
  group.total++;
  if (tests.includes(requirement)) group.covered++;
  groups.set(name, group);
}
let covered = 0;
for (const [name, group] of [...groups].sort()) {
  console.log(`${name.padEnd(28)} ${String(group.covered).padStart(4)} / ${group.total}`);
  covered += group.covered;
}
console.log(`${"all".padEnd(28)} ${String(covered).padStart(4)} / ${requirements.length}`);
