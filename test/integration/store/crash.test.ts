import { spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { afterAll, describe, expect, it } from "vitest";
import { seededRandom, testHost } from "../../../src/host/index.ts";
import { type Entry, openLmdbStore, type Store } from "../../../src/store/index.ts";
import { type Acknowledged, contentOf, stepOf, writers } from "./acknowledged.ts";

const root = await mkdtemp(join(tmpdir(), "sampan-crash-"));
afterAll(() => rm(root, { recursive: true, force: true }));

const writer = join(import.meta.dirname, "writer.ts");
const seed = 20_260_101;

/** The newest version of a key; none when it was deleted. */
interface Known {
  readonly revision: number;
  readonly version?: string | undefined;
}

type Thing = { version: string; content: string };

describe("an LMDB store after SIGKILL", () => {
  it.each([
    ["", ""],
    [", also while it goes from one file of its log to the other all the time", "16384"],
  ])(
    "has every acknowledged commit and nothing half%s",
    async (_, logTurnBytes) => {
      const random = seededRandom(seed);
      const dir = join(root, `killed-${logTurnBytes}`);
      const known = new Map<string, Known>();
      let newest = 0;
      for (let round = 0; round < 5; round++) {
        const killAfterLines = 20 + Math.floor(random.next() * 3_000);
        const lines = await writeUntilKilled(dir, round, killAfterLines, logTurnBytes);
        newest = Math.max(newest, ...lines.map(({ revision }) => revision));
        const store = await openLmdbStore(testHost(), dir);
        expect(store.revision).toBeGreaterThanOrEqual(newest);
        newest = store.revision;
        await compare(store, known, lines, round);
        await expectWhole(store);
        await store.close();
      }
      expect(known.size).toBeGreaterThan(100);
    },
    60_000,
  );
});

describe("an LMDB store whose disk is full", () => {
  it("refuses commits clearly, keeps what it had, and shows nothing of what it refused", async () => {
    const dir = join(root, "full");
    const lines = await run("sh", ["-c", 'ulimit -f 2100; exec "$0" "$@"', process.execPath, writer, dir, "0", "5000"]);
    const failed = lines.flatMap((line) => ("failed" in line ? [line.failed] : []));
    const written = lines.flatMap((line) => ("revision" in line ? [line] : []));
    expect(failed[0]).toMatch(/^StoreError: cannot write to the store in .*: .*; \d+ KiB are free there$/);
    expect(written.length).toBeGreaterThan(10);
    const store = await openLmdbStore(testHost(), dir);
    expect(store.revision).toBe(Math.max(...written.map(({ revision }) => revision)));
    expect(new Set(written.map(({ revision }) => revision)).size).toBe(written.length);
    await expectWhole(store);
    await store.commit({ compare: [], operations: [{ type: "put", key: "/now-there-is-room", object: largeThing() }] });
    await store.close();
  }, 60_000);
});

/** Compares what is there with what was acknowledged, or asked for after that; it is what is known from then on. */
async function compare(
  store: Store,
  known: Map<string, Known>,
  lines: readonly Acknowledged[],
  round: number,
): Promise<void> {
  const steps = new Map<number, number>();
  for (const { writer, step, revision, keys, version } of lines) {
    steps.set(writer, Math.max(step, steps.get(writer) ?? -1));
    for (const key of keys) if (revision > (known.get(key)?.revision ?? 0)) known.set(key, { revision, version });
  }
  for (let writer = 0; writer < writers; writer++) {
    const step = (steps.get(writer) ?? -1) + 1; // nobody was told whether this one happened
    const { keys, deletes } = stepOf(writer, step);
    for (const key of keys) {
      const entry = await store.get(key);
      const before = known.get(key) ?? { revision: 0 };
      const after = deletes ? undefined : `${round}.${writer}.${step}`;
      if (found(entry) !== after || (entry?.revision ?? 0) === before.revision) continue;
      known.set(key, { revision: entry?.revision ?? before.revision, version: after });
    }
  }
  for (const [key, { revision, version }] of known) {
    const entry = await store.get(key);
    expect({ key, version: found(entry) }).toEqual({ key, version });
    if (entry !== undefined) expect(entry.revision).toBe(revision);
  }
}

function found(entry: Entry | undefined): string | undefined {
  return entry && thingOf(entry).version;
}

/** Every object has the content that its version says, and pairs are of one commit. */
async function expectWhole(store: Store): Promise<void> {
  for (const entry of (await store.list("/")).entries()) {
    const { version, content } = thingOf(entry);
    expect(content).toBe(contentOf(entry.key, version));
    expect(entry.object.metadata.resourceVersion).toBe(String(entry.revision));
    if (!entry.key.startsWith("/pairs/")) continue;
    const other = await store.get(
      entry.key.endsWith("a") ? `${entry.key.slice(0, -1)}b` : `${entry.key.slice(0, -1)}a`,
    );
    expect(other?.revision).toBe(entry.revision);
  }
}

function thingOf(entry: Entry): Thing {
  return entry.object as Entry["object"] & Thing;
}

function largeThing(): Entry["object"] {
  return Object.assign({ apiVersion: "v1", kind: "Thing", metadata: {} }, { content: "x".repeat(5_000_000) });
}

async function writeUntilKilled(
  dir: string,
  round: number,
  lines: number,
  logTurnBytes: string,
): Promise<Acknowledged[]> {
  const printed = await run(process.execPath, [writer, dir, String(round), "0", logTurnBytes], lines);
  return printed.map((line) => {
    if ("failed" in line) throw new Error(line.failed);
    return line;
  });
}

/** What the process printed in whole lines; it is killed after `killAfterLines` of them when that is given. */
async function run(
  command: string,
  args: string[],
  killAfterLines = Infinity,
): Promise<(Acknowledged | { failed: string })[]> {
  const child = spawn(command, args, { stdio: ["ignore", "pipe", "ignore"] });
  const printed: (Acknowledged | { failed: string })[] = [];
  let cut: string | undefined;
  for await (const line of createInterface({ input: child.stdout })) {
    if (cut !== undefined) throw new Error(`not a line of the writer: ${cut}`);
    try {
      printed.push(JSON.parse(line));
    } catch {
      cut = line; // the last line may have been cut off by the kill
    }
    if (printed.length === killAfterLines) child.kill("SIGKILL");
  }
  return printed;
}
