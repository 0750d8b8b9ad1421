// One life of a server: it starts on what the last one left, is checked against the recorded history, works under load
// while it is watched, and is killed at a random moment.
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { type Random, testHost } from "../../../src/host/index.ts";
import { checkStore, openLmdbStore } from "../../../src/store/index.ts";
import { configMaps, demand, type Load, loadSelector } from "./load.ts";
import type { ServerProcess } from "./server-process.ts";

const writers = 12;
/** How long a server lives under load at most. */
const lifeMs = 700;
/** So often it is killed before it is ready. */
const killedWhileStarting = 0.1;

export interface Crash {
  readonly dir: string;
  readonly load: Load;
  readonly random: Random;
  start(): ServerProcess;
}

interface Watched {
  readonly revisions: number[];
  readonly ended: Promise<void>;
}

/** @param seen the highest revision that anybody was told of. Gives the new one. @throws Inconsistency */
export async function crashRound({ dir, load, random, start }: Crash, seen: number): Promise<number> {
  const server = start();
  if (random.next() < killedWhileStarting) {
    await sleep(random.next() * 300);
    await server.kill("SIGKILL");
    await server.ready.catch(() => {}); // told by the round that follows
    return seen;
  }
  await server.ready;
  const now = await load.compare(server);
  demand(now >= seen, () => `the revision went back from ${seen} to ${now}`);
  await expectResumed(server, seen);

  const through = watchOn(server, now);
  const hopping = hop(server, now, random);
  const working = load.run(server, writers);
  await sleep(random.next() * lifeMs);
  await server.kill("SIGKILL");
  await Promise.all([working, through.ended, hopping.ended]);
  checkWatched("a watch", through.revisions, load.revisions);
  checkWatched("a watch that was resumed again and again", hopping.revisions, load.revisions);
  const both = Math.min(through.revisions.length, hopping.revisions.length);
  const differs = through.revisions.findIndex((revision, i) => i < both && revision !== hopping.revisions[i]);
  demand(differs < 0, () => `two watches disagree after ${through.revisions[differs - 1]}`);
  await checkFolder(dir);
  return Math.max(now, ...through.revisions, ...hopping.revisions, ...load.revisions);
}

function watchOn(server: ServerProcess, after: number, signal?: AbortSignal): Watched {
  const revisions: number[] = [];
  const path = `${configMaps}${loadSelector}&watch=1&resourceVersion=${after}`;
  const ended = server.watch(
    path,
    ({ type, object }) => {
      demand(
        ["ADDED", "MODIFIED", "DELETED"].includes(type),
        () => `a watch was told ${type} ${JSON.stringify(object)}`,
      );
      revisions.push(Number(object.metadata.resourceVersion));
    },
    signal,
  );
  return { revisions, ended };
}

/** A client that loses its connection all the time, and goes on from the last revision it was told. */
function hop(server: ServerProcess, after: number, random: Random): Watched {
  const revisions: number[] = [];
  let alive = true;
  void server.exited.then(() => {
    alive = false;
  });
  const run = async () => {
    while (alive) {
      const cut = new AbortController();
      const part = watchOn(server, revisions.at(-1) ?? after, cut.signal);
      await Promise.race([sleep(10 + random.next() * 80), part.ended]);
      cut.abort();
      await part.ended;
      revisions.push(...part.revisions);
      await sleep(1); // a server that is gone refuses at once
    }
  };
  return { revisions, ended: run() };
}

/** Nothing twice, nothing backwards, and nothing acknowledged left out up to the last that was told. */
function checkWatched(who: string, watched: readonly number[], acknowledged: readonly number[]): void {
  for (let i = 1; i < watched.length; i++) {
    const [before = 0, next = 0] = [watched[i - 1], watched[i]];
    demand(next > before, () => `${who} was told ${next} after ${before}`);
  }
  const told = new Set(watched);
  const last = watched.at(-1) ?? 0;
  for (const revision of acknowledged) {
    demand(revision > last || told.has(revision), () => `${who} was told of ${last}, and never of ${revision}`);
  }
}

/** A watch from before the restart is told that it has to list again, or has missed nothing. */
async function expectResumed(server: ServerProcess, from: number): Promise<void> {
  if (from === 0) return;
  const list = await server.call("GET", configMaps + loadSelector);
  const newest = Math.max(0, ...(list?.body.items ?? []).map(revisionOf));
  const events: { type: string; object: { code?: number } }[] = [];
  const cut = new AbortController();
  const path = `${configMaps}${loadSelector}&watch=1&resourceVersion=${from}`;
  const ended = server.watch(path, (event) => events.push(event), cut.signal);
  await Promise.race([sleep(newest > from ? 5_000 : 30), ended]);
  cut.abort();
  await ended;
  const [first] = events;
  const isTold = first?.type === "ERROR" && first.object.code === 410;
  demand(
    isTold || (first === undefined && newest <= from),
    () => `from ${from} to ${newest}: ${JSON.stringify(first)}`,
  );
}

function revisionOf(item: { metadata: { resourceVersion: string } }): number {
  return Number(item.metadata.resourceVersion);
}

/** What the dead left on disk: every record whole, and service and address both or neither. */
async function checkFolder(dir: string): Promise<void> {
  const path = join(dir, "store");
  const { problems } = await checkStore(path);
  demand(problems.length === 0, () => problems.join("\n"));
  const store = await openLmdbStore(testHost(), path);
  try {
    const services = new Set<string>();
    for (const { object } of (await store.list("/registry/services/specs/")).entries()) {
      const { clusterIP } = (object as { spec?: { clusterIP?: string } }).spec ?? {};
      services.add(`${object.metadata.name} ${clusterIP}`);
    }
    for (const { object } of (await store.list("/registry/ipaddresses/")).entries()) {
      const { name } = (object as { spec?: { parentRef?: { name?: string } } }).spec?.parentRef ?? {};
      demand(
        services.delete(`${name} ${object.metadata.name}`),
        () => `address ${object.metadata.name} without ${name}`,
      );
    }
    demand(services.size === 0, () => `services without address: ${[...services].join(", ")}`);
  } finally {
    await store.close();
  }
}
