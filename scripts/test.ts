// Everything that must hold before a change lands: lint, types, build, unit, integration, conformance, node (real containers) and end-to-end tests.
// Runs every step also after one has failed and closes with one line: N passed, N failed, N skipped.
// usage: npm test [-- STEP...]   (steps: lint types build unit integration conformance node e2e)
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

interface Count {
  passed: number;
  failed: number;
  skipped: number;
}

const root = fileURLToPath(new URL("..", import.meta.url));
const chosen = process.argv.slice(2);
const total: Count = { passed: 0, failed: 0, skipped: 0 };
const reports = mkdtempSync(join(tmpdir(), "sampan-test-"));

const commands: Record<string, readonly string[]> = {
  lint: ["run", "--silent", "lint"],
  types: ["run", "--silent", "types"],
  build: ["run", "--silent", "build"],
};

try {
  for (const step of ["lint", "types", "build", "unit", "integration", "conformance", "node", "e2e"]) {
    if (chosen.length > 0 && !chosen.includes(step)) continue;
    const command = commands[step];
    const started = performance.now();
    const count = command ? runCommand(command) : runTests(step);
    const seconds = ((performance.now() - started) / 1000).toFixed(1);
    console.log(`== ${step}: ${count.passed} passed, ${count.failed} failed, ${count.skipped} skipped in ${seconds} s`);
    total.passed += count.passed;
    total.failed += count.failed;
    total.skipped += count.skipped;
  }
} finally {
  rmSync(reports, { recursive: true, force: true });
}
console.log(`${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped`);
process.exitCode = total.failed > 0 ? 1 : 0;

function runCommand(args: readonly string[]): Count {
  const done = spawnSync("npm", args, { cwd: root, stdio: "inherit" });
  return done.status === 0 ? { passed: 1, failed: 0, skipped: 0 } : { passed: 0, failed: 1, skipped: 0 };
}

/** Runs one vitest project; a run that ends without a report, or badly without a failed test, counts as one failure. */
function runTests(project: string): Count {
  const report = join(reports, `${project}.json`);
  const args = ["node_modules/vitest/vitest.mjs", "run", "--project", project];
  const reporters = ["--reporter=default", "--reporter=json", `--outputFile.json=${report}`];
  const done = spawnSync(process.execPath, [...args, ...reporters], { cwd: root, stdio: "inherit" });
  const count = readReport(report);
  if (count === undefined) return { passed: 0, failed: 1, skipped: 0 };
  if (done.status !== 0 && count.failed === 0) count.failed = 1;
  return count;
}

function readReport(file: string): Count | undefined {
  try {
    const report = JSON.parse(readFileSync(file, "utf8"));
    return {
      passed: Number(report.numPassedTests),
      failed: Number(report.numFailedTests),
      skipped: Number(report.numPendingTests) + Number(report.numTodoTests),
    };
  } catch {
    return undefined; // vitest ended before it wrote one; the caller counts that as a failure
  }
}
