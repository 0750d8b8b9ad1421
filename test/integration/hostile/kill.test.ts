// A server that is killed, or told to stop, in the middle of mixed load.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, expect, it } from "vitest";
import { seededRandom } from "../../../src/host/index.ts";
import { ServerProcess } from "./server-process.ts";

const root = mkdtempSync(join(tmpdir(), "sampan-load-"));
const started: ServerProcess[] = [];
afterAll(async () => {
  await Promise.all(started.map((server) => server.kill("SIGKILL")));
  rmSync(root, { recursive: true, force: true });
});

async function start(dataDir: string): Promise<ServerProcess> {
  const server = new ServerProcess(root, dataDir);
  started.push(server);
  await server.ready;
  return server;
}

const path = "/api/v1/namespaces/default/configmaps";
const selector = "?labelSelector=load%3Dyes";
const absent = "";

/** What is known of one object, which one writer changes. */
interface Known {
  /** The last value that was acknowledged. */
  acknowledged: string;
  revision: number;
  /** What was asked for and not answered: it may have happened. */
  asked?: string;
}

/** Writers that create, change and delete their own objects until the server goes away. */
class Load {
  readonly known = new Map<string, Known>();
  acknowledged = 0;
  #stopped = false;
  readonly #random = seededRandom(99);

  async run(server: ServerProcess, writers: number): Promise<void> {
    this.#stopped = false;
    await Promise.all(Array.from({ length: writers }, (_, writer) => this.#write(server, writer)));
  }

  stop(): void {
    this.#stopped = true;
  }

  async #write(server: ServerProcess, writer: number): Promise<void> {
    for (let i = 0; !this.#stopped; i++) {
      const name = `w${writer}-${Math.floor(this.#random.next() * 6)}`;
      const known = this.known.get(name) ?? { acknowledged: absent, revision: 0 };
      this.known.set(name, known);
      if (!(await this.#change(server, name, known, `${i}-${this.#random.next()}`))) return;
    }
  }

  /** False when there was no answer. */
  async #change(server: ServerProcess, name: string, known: Known, value: string): Promise<boolean> {
    const isThere = known.acknowledged !== absent;
    const next = isThere && this.#random.next() < 0.3 ? absent : value;
    known.asked = next;
    const data = { value: next };
    const answer = !isThere
      ? await server.call("POST", path, { metadata: { name, labels: { load: "yes" } }, data })
      : next === absent
        ? await server.call("DELETE", `${path}/${name}`)
        : await server.call("PATCH", `${path}/${name}`, { data });
    if (answer === undefined) return false;
    if (answer.status === 503 || answer.status === 429) return false; // it is on its way out, and did nothing
    expect([200, 201], JSON.stringify(answer.body)).toContain(answer.status);
    known.acknowledged = next;
    known.asked = undefined;
    if (next !== absent) known.revision = Number(answer.body.metadata.resourceVersion);
    this.acknowledged++;
    return true;
  }

  /** Compares with what there is now, which becomes what is known. */
  async compare(server: ServerProcess): Promise<number> {
    const list = await server.call("GET", path + selector);
    expect(list?.status).toBe(200);
    const found = new Map<string, { data: { value: string }; metadata: { name: string; resourceVersion: string } }>();
    for (const item of list?.body.items ?? []) found.set(item.metadata.name, item);
    const revision = Number(list?.body.metadata.resourceVersion);
    for (const [name, known] of this.known) {
      const item = found.get(name);
      const value = item?.data.value ?? absent;
      const allowed = known.asked === undefined ? [known.acknowledged] : [known.acknowledged, known.asked];
      expect(allowed, `${name}: ${JSON.stringify(known)}`).toContain(value);
      expect(revision).toBeGreaterThanOrEqual(known.revision);
      known.acknowledged = value;
      known.asked = undefined;
      found.delete(name);
    }
    expect([...found.keys()]).toEqual([]);
    return revision;
  }
}

it("SIGKILL in the middle of mixed load loses nothing acknowledged, five times over", {
  timeout: 110_000,
}, async () => {
  const dir = join(root, "killed");
  const load = new Load();
  const random = seededRandom(3);
  let seen = 0;
  for (let round = 0; round < 5; round++) {
    const server = await start(dir);
    const now = await load.compare(server);
    expect(now).toBeGreaterThanOrEqual(seen);
    await expectResumed(server, seen, now);
    const watched: number[] = [];
    const watching = server.watch(`${path}${selector}&watch=1&resourceVersion=${now}`, ({ type, object }) => {
      expect(["ADDED", "MODIFIED", "DELETED"]).toContain(type);
      watched.push(Number(object.metadata.resourceVersion));
    });
    const before = load.acknowledged;
    const done = load.run(server, 12);
    while (load.acknowledged < before + 100 + random.next() * 400) await sleep(5);
    await server.kill("SIGKILL");
    await Promise.all([done, watching]);
    expect(watched).toEqual([...new Set(watched)].sort((a, b) => a - b));
    seen = Math.max(now, ...watched);
  }
  const server = await start(dir);
  expect(await load.compare(server)).toBeGreaterThanOrEqual(seen);
  expect((await server.kill("SIGTERM")).code).toBe(0);
});

/** A watch from before the restart goes on where it was, or is told that it has to list again. */
async function expectResumed(server: ServerProcess, from: number, now: number): Promise<void> {
  if (from === 0) return;
  const events: { type: string; object: { code?: number; metadata: { resourceVersion?: string } } }[] = [];
  await server.watch(`${path}${selector}&watch=1&resourceVersion=${from}&timeoutSeconds=1`, (event) =>
    events.push(event),
  );
  if (from === now) {
    expect(events.filter(({ type }) => type !== "BOOKMARK")).toEqual([]);
    return;
  }
  const [first] = events;
  if (first?.type === "ERROR") expect(first.object.code).toBe(410);
  else for (const { object } of events) expect(Number(object.metadata.resourceVersion)).toBeGreaterThan(from);
}

it("SIGTERM in the middle of load ends with 0 and leaves everything acknowledged behind", async () => {
  const dir = join(root, "stopped");
  const load = new Load();
  const server = await start(dir);
  const done = load.run(server, 12);
  while (load.acknowledged < 300) await sleep(5);
  const exit = await server.kill("SIGTERM");
  load.stop();
  await done;
  expect(exit, exit.stderr).toMatchObject({ code: 0, signal: null });
  const again = await start(dir);
  await load.compare(again);
  expect((await again.kill("SIGTERM")).code).toBe(0);
});
