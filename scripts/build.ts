// Builds dist/: lib/ (ES modules and declarations, by the compiler) and bin/ (the command line as a bundle that starts fast).
import { execFileSync } from "node:child_process";
import { existsSync, rmSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { rolldown } from "rolldown";

const root = fileURLToPath(new URL("..", import.meta.url));
const run = (script: string, ...args: string[]) =>
  execFileSync(process.execPath, [`${root}${script}`, ...args], { cwd: root, stdio: "inherit" });

rmSync(`${root}dist`, { recursive: true, force: true });
run("node_modules/typescript/bin/tsc", "-p", "tsconfig.build.json");

const bundle = await rolldown({
  cwd: root,
  input: { sampan: "src/cli/main.ts" },
  platform: "node",
  // Has native code beside its JavaScript, so it stays a package of its own.
  external: ["lmdb"],
});
await bundle.write({ dir: `${root}dist/bin`, format: "esm", minify: false, chunkFileNames: "[name]-[hash].js" });
await bundle.close();

// Texts for `kubectl explain` come from a development dependency; an installed package has them already.
if (existsSync(`${root}scripts/descriptions.ts`)) run("scripts/descriptions.ts");
