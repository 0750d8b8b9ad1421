// Builds dist/: lib/ (ES modules and declarations, by the compiler), bin/ (the command line as a bundle that starts fast) and
// descriptions.json. Built aside and then swapped in, so that a build that fails leaves the old one working.
import { execFileSync } from "node:child_process";
import { existsSync, readdirSync, renameSync, rmSync, statSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { rolldown } from "rolldown";

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

/**
 * The X.509 library fails unless the reflection library was loaded before it. Several chunks import both, and a bundle does
 * not keep the order of what they share, unless told so for all modules, which makes every start slower.
 */
const reflectFirst = {
  name: "reflect-first",
  transform: (code: string, id: string) =>
    id.endsWith("/@peculiar/x509/build/x509.cjs.js") ? `require("reflect-metadata");${code}` : undefined,
};

function modifiedMs(file: string): number {
  return statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? 0;
}

// npm prepares the package also when `npx sampan` runs for the first time: that must not build it once more.
if (process.argv.includes("--if-stale") && isUpToDate()) process.exit(0);

rmSync(next, { recursive: true, force: true });
try {
  run("node_modules/typescript/bin/tsc", "-p", "tsconfig.build.json", "--outDir", `${next}/lib`);
  const bundle = await rolldown({
    cwd: root,
    input: { sampan: "src/cli/main.ts" },
    platform: "node",
    // Has native code beside its JavaScript, so it stays a package of its own.
    external: ["lmdb"],
    plugins: [reflectFirst],
  });
  await bundle.write({ dir: `${next}/bin`, format: "esm", chunkFileNames: "[name]-[hash].js" });
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
