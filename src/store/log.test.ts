// What is left on disk when a process ends without a word: a folder is copied while its store is open.
import { cp, mkdtemp, open, readdir, readFile, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeEach, describe, expect, it } from "vitest";
import { type TestHost, testHost } from "../host/index.ts";
import { checkStore, type LmdbStoreOptions, openLmdbStore, readSnapshotStatus, saveSnapshot } from "./index.ts";
import { LmdbEnvironment } from "./lmdb-env.ts";
import { frameAlignment, readFrame, readFrameHead } from "./log-frame.ts";
import { LogContent } from "./log-reader.ts";
import { contentOf, put, remove, write } from "./store-probe.ts";

const root = await mkdtemp(join(tmpdir(), "sampan-log-"));
afterAll(() => rm(root, { recursive: true, force: true }));

let folders = 0;
let host: TestHost;
beforeEach(() => {
  host = testHost();
});

function newDir(): string {
  folders++;
  return join(root, `${folders}`);
}

type Write = Parameters<typeof write>[1][];

/** Each of the writes is flushed by itself. Gives the folder as a crash would leave it behind. */
async function crashed(writes: readonly Write[], options: LmdbStoreOptions = {}): Promise<string> {
  const [dir, left] = [newDir(), newDir()];
  const store = await openLmdbStore(host, dir, options);
  for (const operations of writes) await write(store, ...operations);
  await cp(dir, left, { recursive: true });
  await store.close();
  return left;
}

async function contentAfterStart(
  dir: string,
): Promise<{ revision: number; content: Awaited<ReturnType<typeof contentOf>> }> {
  const store = await openLmdbStore(host, dir);
  const found = { revision: store.revision, content: await contentOf(store, "/") };
  await store.close();
  return found;
}

/** Where the frame is that begins with this revision. */
async function findFrame(dir: string, revision: number): Promise<{ path: string; at: number; bytes: number }> {
  for (const name of ["log.0", "log.1"]) {
    const path = join(dir, name);
    const content = await readFile(path);
    for (let at = 0; at < content.length; at += frameAlignment) {
      const head = readFrameHead(content, at);
      const frame = head && readFrame(content, at, head);
      if (frame?.first === revision) return { path, at, bytes: frame.records.length };
    }
  }
  throw new Error(`no frame of revision ${revision}`);
}

async function change(path: string, at: number, byte: (before: number) => number): Promise<void> {
  const file = await open(path, "r+");
  try {
    const one = Buffer.alloc(1);
    await file.read(one, 0, 1, at);
    await file.write(Buffer.of(byte(one[0] ?? 0)), 0, 1, at);
  } finally {
    await file.close();
  }
}

const flipped = (before: number) => before ^ 16;
const three: Write[] = [
  [put("/a", "1")],
  [put("/a", "2"), put("/b", "é")],
  [remove("/b"), put("/c", "x".repeat(9_000))],
];
const allOfThree = { "/a": "2", "/c": "x".repeat(9_000) };

describe("a store that was left without being closed", () => {
  it("has from its log what was not in its tree yet, and goes on counting", async () => {
    const dir = await crashed(three);
    const env = await LmdbEnvironment.open(dir, { readOnly: true });
    expect([env.readRevision(), env.count()]).toEqual([0, 0]);
    await env.close();
    const store = await openLmdbStore(host, dir);
    expect([store.revision, await contentOf(store, "/")]).toEqual([3, allOfThree]);
    expect(await store.get("/a")).toMatchObject({ revision: 2, createRevision: 1 });
    expect(await write(store, put("/d"))).toBe(4);
    await store.close();
  });

  it("can be left again and again, also before it wrote anything", async () => {
    let dir = newDir();
    for (let round = 1; round <= 4; round++) {
      const left = newDir();
      const store = await openLmdbStore(host, dir);
      if (round !== 3) await write(store, put(`/${round}`), put("/all", `${round}`));
      await cp(dir, left, { recursive: true });
      await store.close();
      dir = left;
    }
    expect(await contentAfterStart(dir)).toEqual({
      revision: 3,
      content: { "/1": "", "/2": "", "/4": "", "/all": "4" },
    });
  });

  it("does without a last write that was cut off, whose revision is given anew", async () => {
    const dir = await crashed(three);
    const { path, at, bytes } = await findFrame(dir, 3);
    const content = await readFile(path);
    content.fill(0, at + 4096, at + bytes); // as when the process ended after the first page
    await writeFile(path, content);
    expect((await checkStore(dir)).problems).toEqual([]);
    const store = await openLmdbStore(host, dir);
    expect([store.revision, await contentOf(store, "/")]).toEqual([2, { "/a": "2", "/b": "é" }]);
    expect(await write(store, put("/d", "new"))).toBe(3);
    const left = newDir();
    await cp(dir, left, { recursive: true });
    await store.close();
    expect(await contentAfterStart(left)).toEqual({ revision: 3, content: { "/a": "2", "/b": "é", "/d": "new" } });
  });

  it("with one wrong bit before its last write is refused, and told by check, wherever the bit is", {
    timeout: 30_000,
  }, async () => {
    const dir = await crashed(three);
    for (const revision of [1, 2]) {
      const { path, at, bytes } = await findFrame(dir, revision);
      for (const offset of [0, 4, 20, 35, bytes + 33]) {
        await change(path, at + offset, flipped);
        const what =
          /log\.. is damaged: what was written with revision \d cannot be read, and revision \d is there|log\.\* is/;
        await expect(openLmdbStore(host, dir), `byte ${offset}`).rejects.toThrow(what);
        expect((await checkStore(dir)).problems.join()).toMatch(what);
        await change(path, at + offset, flipped);
      }
    }
    expect(await contentAfterStart(dir)).toEqual({ revision: 3, content: allOfThree });
  });

  it("is refused when a file of its log is missing or cut off, which a closed one does not need", async () => {
    for (const name of ["log.0", "log.1"]) {
      const dir = await crashed(three);
      const content = await readFile(join(dir, name));
      await rm(join(dir, name));
      await expect(openLmdbStore(host, dir)).rejects.toThrow(`${name} is missing`);
      expect((await checkStore(dir)).problems).toEqual([`${join(dir, name)} is missing`]);
      await writeFile(join(dir, name), content);
      await truncate(join(dir, name), 100_000);
      await expect(openLmdbStore(host, dir)).rejects.toThrow(`${name} is damaged: it is cut off`);
      await writeFile(join(dir, name), content);
      expect((await contentAfterStart(dir)).revision).toBe(3);
      await rm(join(dir, name));
      expect((await contentAfterStart(dir)).revision).toBe(3);
    }
  });

  it("in the middle of a checkpoint has all, whatever part of it the tree has", async () => {
    const dir = await crashed([...three, [put("/d")], [remove("/a")]]);
    const env = await LmdbEnvironment.open(dir);
    const state = env.readLogState();
    const { records } = (await LogContent.read(dir)).after(0, state);
    const part = [...records.values()].slice(2);
    const during = { log: { ...state, target: 5 } };
    await env.write((objects) => {
      for (const { key, value } of part) {
        if (value === undefined) objects.remove(Buffer.from(key));
        else objects.put(Buffer.from(key), value);
      }
    }, during);
    await env.close();
    expect((await checkStore(dir)).problems).toEqual([]);

    const shorter = newDir();
    await cp(dir, shorter, { recursive: true });
    const { path, at } = await findFrame(shorter, 5);
    await change(path, at + 40, flipped);
    await expect(openLmdbStore(host, shorter)).rejects.toThrow("is damaged: what was written with revision 5");

    expect(await contentAfterStart(dir)).toEqual({ revision: 5, content: { "/c": "x".repeat(9_000), "/d": "" } });
  });

  it("is checked and saved with what its log has", async () => {
    const dir = await crashed(three);
    expect(await checkStore(dir)).toMatchObject({ revision: 3, objects: 2, problems: [] });
    for (const isRunning of [false, true]) {
      const file = join(root, "snapshot");
      await saveSnapshot(dir, file, { isRunning, nowMs: 1 });
      expect(readSnapshotStatus(file)).toMatchObject({ revision: 3, objects: 2 });
    }
  });
});

describe("a store whose writes are flushed now and then", () => {
  it("does without what a power failure took, which may be any of the last moments, and is refused without older writes", async () => {
    const interval = { fsync: "interval" } as const;
    const dir = await crashed(three, interval);
    const { path, at } = await findFrame(dir, 2);
    await change(path, at, () => 0);
    expect(await contentAfterStart(dir)).toEqual({ revision: 1, content: { "/a": "1" } });
    // The third write is still in the file, and must not come back.
    const store = await openLmdbStore(host, dir);
    await write(store, put("/d"));
    const left = newDir();
    await cp(dir, left, { recursive: true });
    await store.close();
    expect(await contentAfterStart(left)).toEqual({ revision: 2, content: { "/a": "1", "/d": "" } });

    const flushed = newDir();
    const other = await openLmdbStore(host, flushed, interval);
    await write(other, put("/a"));
    await write(other, put("/b"));
    await host.clock.advance(1_000);
    while (!(await isFlushed(other, flushed))) await host.clock.advance(1_000);
    const copy = newDir();
    await cp(flushed, copy, { recursive: true });
    await other.close();
    const first = await findFrame(copy, 1);
    await change(first.path, first.at, flipped);
    await expect(openLmdbStore(host, copy)).rejects.toThrow("what was written with revision 1 cannot be read");
  });
});

/** Writes once more, and looks whether that frame says that the first ones were flushed. */
async function isFlushed(store: Awaited<ReturnType<typeof openLmdbStore>>, dir: string): Promise<boolean> {
  const revision = await write(store, put("/c"));
  const { path, at } = await findFrame(dir, revision);
  return (readFrameHead(await readFile(path), at)?.flushed ?? 0) >= 2;
}

describe("the log", () => {
  it("is used again from its beginning when the tree has what is in it, and loses nothing on the way", async () => {
    const dir = newDir();
    const store = await openLmdbStore(host, dir, { logTurnBytes: 40_000 });
    let revision = 0;
    for (let round = 0; round < 40; round++) {
      await Promise.all(
        Array.from({ length: 30 }, (_, i) => write(store, put(`/${i}`, `${round} ${"x".repeat(3_000)}`))),
      );
      revision += 30;
    }
    const left = newDir();
    await store.close();
    await cp(dir, left, { recursive: true });
    const sizes = await Promise.all(["log.0", "log.1"].map(async (name) => (await readFile(join(dir, name))).length));
    expect(Math.max(...sizes)).toBeLessThanOrEqual(1024 * 1024);
    const found = await contentAfterStart(left);
    expect(found.revision).toBe(revision);
    expect(new Set(Object.values(found.content).map((text) => String(text).split(" ")[0]))).toEqual(new Set(["39"]));
  });

  it("takes a transaction that is larger than a file of it", async () => {
    const dir = newDir();
    const store = await openLmdbStore(host, dir, { logTurnBytes: 40_000 });
    await write(store, put("/large", "x".repeat(3_000_000)));
    await write(store, put("/small"));
    await store.close();
    expect(Object.keys((await contentAfterStart(dir)).content)).toEqual(["/large", "/small"]);
  });

  it("comes to a folder of format 2, which has none", async () => {
    const dir = newDir();
    const store = await openLmdbStore(host, dir);
    await write(store, put("/a", "old"));
    await store.close();
    for (const name of await readdir(dir)) if (name.startsWith("log.")) await rm(join(dir, name));
    const env = await LmdbEnvironment.open(dir);
    await env.write(() => {}, { format: 2, log: { epoch: 0, isOpen: false, target: 0 } });
    await env.close();
    expect((await checkStore(dir)).problems).toEqual([]);
    expect(await contentAfterStart(dir)).toEqual({ revision: 1, content: { "/a": "old" } });
    const now = await LmdbEnvironment.open(dir, { readOnly: true });
    expect(now.readFormat()).toBe("3");
    await now.close();
  });
});
