// A server that is killed, or told to stop, in the middle of mixed load. `npm run crash -- --kills 200` is the long run.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, expect, it } from "vitest";
import { seededRandom } from "../../../src/host/index.ts";
import { crashRound } from "./crash-round.ts";
import { Load } from "./load.ts";
import { ServerProcess } from "./server-process.ts";

const kills = 8;
const root = mkdtempSync(join(tmpdir(), "sampan-load-"));
const started: ServerProcess[] = [];
afterAll(async () => {
  await Promise.all(started.map((server) => server.kill("SIGKILL")));
  rmSync(root, { recursive: true, force: true });
});

function start(dataDir: string): ServerProcess {
  const server = new ServerProcess(root, dataDir);
  started.push(server);
  return server;
}

it("SIGKILL in the middle of mixed load loses nothing acknowledged, leaves nothing half, and misleads no watch", {
  timeout: 110_000,
}, async () => {
  const dir = join(root, "killed");
  const random = seededRandom(3);
  const load = new Load(random);
  let seen = 0;
  for (let kill = 0; kill < kills; kill++) {
    seen = await crashRound({ dir, load, random, start: () => start(dir) }, seen);
  }
  const server = start(dir);
  await server.ready;
  expect(await load.compare(server)).toBeGreaterThanOrEqual(seen);
  expect(load.acknowledged).toBeGreaterThan(100);
  expect((await server.kill("SIGTERM")).code).toBe(0);
});

it("SIGTERM in the middle of load ends with 0 and leaves everything acknowledged behind", async () => {
  const dir = join(root, "stopped");
  const load = new Load(seededRandom(99));
  const server = start(dir);
  await server.ready;
  const done = load.run(server, 12);
  while (load.acknowledged < 300) await sleep(5);
  const exit = await server.kill("SIGTERM");
  load.stop();
  await done;
  expect(exit, exit.stderr).toMatchObject({ code: 0, signal: null });
  const again = start(dir);
  await again.ready;
  await load.compare(again);
  expect((await again.kill("SIGTERM")).code).toBe(0);
});
