// Kills a server with SIGKILL again and again while it works, and checks after each time what it left behind against the
// recorded history of what it was asked, what it acknowledged and what its watchers were told.
// usage: npm run crash -- [--kills 200] [--seed N]; ends with 1 at the first inconsistency, and leaves the folder behind then
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { seededRandom } from "../../../src/host/index.ts";
import { crashRound } from "./crash-round.ts";
import { Load } from "./load.ts";
import { ServerProcess } from "./server-process.ts";

const { values: flags } = parseArgs({
  options: { kills: { type: "string", default: "200" }, seed: { type: "string", default: String(Date.now()) } },
});
const root = mkdtempSync(join(tmpdir(), "sampan-crash-"));
const dir = join(root, "data");
const random = seededRandom(flags.seed);
const load = new Load(random);
let server: ServerProcess | undefined;
let seen = 0;
const start = () => {
  server = new ServerProcess(root, dir);
  return server;
};

for (const signal of ["SIGINT", "SIGTERM"] as const) {
  process.once(signal, async () => {
    await server?.kill("SIGKILL");
    rmSync(root, { recursive: true, force: true });
    process.exit(1);
  });
}
console.log(`seed ${flags.seed}, folder ${dir}`);
try {
  for (let kill = 1; kill <= Number(flags.kills); kill++) {
    seen = await crashRound({ dir, load, random, start }, seen);
    if (kill % 10 === 0) {
      console.log(`${kill} kills: ${load.acknowledged} writes acknowledged, ${load.unanswered} not, revision ${seen}`);
    }
  }
  const last = start();
  await last.ready;
  await load.compare(last);
  await last.kill("SIGTERM");
  console.log(`nothing lost, nothing half: ${flags.kills} kills, ${load.acknowledged} writes acknowledged`);
  rmSync(root, { recursive: true, force: true });
} catch (error) {
  await server?.kill("SIGKILL");
  console.error(error);
  console.error(`seed ${flags.seed}; what is left is in ${root}`);
  process.exitCode = 1;
}
