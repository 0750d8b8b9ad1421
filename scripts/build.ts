// Builds dist/: lib/ (ES modules and declarations, by the compiler), bin/ (the command line as a bundle that starts fast) and
// descriptions.json. Built aside and then swapped in, so that a build that fails leaves the old one working.
import { execFileSync } from "node:child_process";
import { existsSync, readdirSync, renameSync, rmSync, statSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { rolldown } from "rolldown";
import { bundleOptions, outputOptions } from "./bundle.ts";

const root = fileURLToPath(new URL("..", import.meta.url));
const next = `${root}dist-next`;
const run = (script: string, ...args: string[]) =>
  execFileSync(process.execPath, [`${root}${script}`, ...args], { cwd: root, stdio: "inherit" });

/** Whether dist/ was built after the last change of anything that it is made of. */
function isUpToDate(): boolean {
  const built = modifiedMs(`${root}dist/bin/sampan.js`);
  const sources = ["package.json", "tsconfig.json", "tsconfig.build.json", "package-lock.json"].map(
    (file) => root + file,
  );
  for (const folder of ["src", "scripts"]) {
    for (const entry of readdirSync(root + folder, { recursive: true, encoding: "utf8" })) {
      sources.push(`${root}${folder}/${entry}`);
    }
  }
  return sources.every((file) => modifiedMs(file) < built);
}

function modifiedMs(file: string): number {
  return statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? 0;
}

// npm prepares the package also when `npx sampan` runs for the first time: that must not build it once more.
if (process.argv.includes("--if-stale") && isUpToDate()) process.exit(0);

rmSync(next, { recursive: true, force: true });
try {
  run("node_modules/typescript/bin/tsc", "-p", "tsconfig.build.json", "--outDir", `${next}/lib`);
  const bundle = await rolldown(bundleOptions(root));
  await bundle.write({ dir: `${next}/bin`, ...outputOptions });
  await bundle.close();
  // Texts for `kubectl explain` come from a development dependency; a published package has them already.
  if (existsSync(`${root}node_modules/@kubernetes/client-node`))
    run("scripts/descriptions.ts", `${next}/descriptions.json`);
  rmSync(`${root}dist`, { recursive: true, force: true });
  renameSync(next, `${root}dist`);
} catch (error) {
  rmSync(next, { recursive: true, force: true });
  // The tools have said on standard error what is wrong.
  console.error(`build failed: ${error instanceof Error ? error.message.split("\n")[0] : error}`);
  process.exitCode = 1;
}
