import { mkdtemp, readdir, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { open } from "lmdb";
import { afterAll, beforeEach, describe, expect, it } from "vitest";
import { type TestHost, testHost } from "../host/index.ts";
import { CompactedError, openLmdbStore, StoreError } from "./index.ts";
import { contentOf, put, RecordingSink, remove, write } from "./store-probe.ts";
import { describeStore } from "./store-suite.ts";

const root = await mkdtemp(join(tmpdir(), "sampan-store-"));
afterAll(() => rm(root, { recursive: true, force: true }));

let folders = 0;
function newDir(): string {
  folders++;
  return join(root, `data.${folders}`);
}

describeStore("the LMDB store", (host, options) => openLmdbStore(host, newDir(), options));

describe("an LMDB store opened again", () => {
  let host: TestHost;
  let dir: string;

  beforeEach(() => {
    host = testHost();
    dir = newDir();
  });

  it("has every object with its revisions, and goes on counting", async () => {
    let store = await openLmdbStore(host, dir);
    for (let i = 0; i < 50; i++) await write(store, put(`/a/${i}`, `ä${i}`));
    await write(store, put("/a/7", "changed"));
    await write(store, remove("/a/8"));
    const before = await contentOf(store, "/");
    const bytes = (await store.get("/a/7"))?.json();
    await store.close();

    store = await openLmdbStore(host, dir);
    expect(store.revision).toBe(52);
    expect(await contentOf(store, "/")).toEqual(before);
    const entry = await store.get("/a/7");
    expect(entry).toMatchObject({ key: "/a/7", revision: 51, createRevision: 8 });
    expect(entry?.json()).toEqual(bytes);
    expect(entry?.object.metadata.resourceVersion).toBe("51");
    expect(await store.commit({ compare: [{ key: "/a/7", revision: 51 }], operations: [put("/a/7")] })).toMatchObject({
      committed: true,
      revision: 53,
    });
    await store.close();
  });

  it("starts history at its revision", async () => {
    let store = await openLmdbStore(host, dir);
    await write(store, put("/a"));
    await write(store, put("/b"));
    await store.close();
    store = await openLmdbStore(host, dir);
    expect(() => store.watch("/", 1, new RecordingSink())).toThrow(CompactedError);
    const sink = new RecordingSink();
    store.watch("/", 2, sink);
    await write(store, put("/c"));
    expect(sink.all.map((event) => event.key)).toEqual(["/c"]);
    await store.close();
  });

  it("deletes what expired meanwhile, and later what expires then", async () => {
    let store = await openLmdbStore(host, dir);
    await write(store, put("/soon", "", 10), put("/later", "", 100), put("/never"));
    await store.close();
    await host.clock.advance(20_000);
    store = await openLmdbStore(host, dir);
    const sink = new RecordingSink();
    store.watch("/", store.revision, sink);
    await host.clock.advance(0);
    await sink.reaches(1);
    expect(Object.keys(await contentOf(store, "/"))).toEqual(["/later", "/never"]);
    await host.clock.advance(80_000);
    await sink.reaches(2);
    expect(Object.keys(await contentOf(store, "/"))).toEqual(["/never"]);
    await store.close();
  });

  it("goes on with either way of flushing", async () => {
    for (const [i, fsync] of (["interval", "always", "interval"] as const).entries()) {
      const store = await openLmdbStore(host, dir, { fsync });
      expect(store.revision).toBe(i);
      await write(store, put(`/${i}`));
      await store.close();
    }
  });

  it("goes on when the file is mapped anew, as large ones are after some thousand records", async () => {
    const remap = { aboveBytes: 0, everyRecords: 10 };
    let store = await openLmdbStore(host, dir, { remap });
    for (let round = 0; round < 5; round++) {
      await Promise.all(Array.from({ length: 40 }, (_, i) => write(store, put(`/${i}`, `${round}`))));
    }
    await store.close();
    store = await openLmdbStore(host, dir);
    expect(store.revision).toBe(200);
    expect(new Set(Object.values(await contentOf(store, "/")))).toEqual(new Set(["4"]));
    await store.close();
  });

  it("refuses a folder of another format", async () => {
    await (await openLmdbStore(host, dir)).close();
    const env = open({ path: dir, noSubdir: false });
    await env
      .openDB("meta", { encoding: "binary", keyEncoding: "binary" })
      .put(Buffer.from("format"), Buffer.from("4"));
    await env.close();
    await expect(openLmdbStore(host, dir)).rejects.toThrow(/has format version 4, which .* does not know/);
  });

  it("says where the trouble is when the folder cannot be used", async () => {
    const file = join(root, "file");
    await writeFile(file, "");
    await expect(openLmdbStore(host, join(file, "db"))).rejects.toThrow(StoreError);
    const damaged = newDir();
    await (await openLmdbStore(host, damaged)).close();
    for (const content of [Buffer.alloc(8192, 7), Buffer.alloc(65_536), "short"]) {
      await writeFile(join(damaged, "data.mdb"), content);
      await expect(openLmdbStore(host, damaged)).rejects.toThrow(
        `cannot open the store in ${damaged}: ${join(damaged, "data.mdb")} is damaged or no LMDB file`,
      );
    }
    await writeFile(join(damaged, "data.mdb"), "");
    await (await openLmdbStore(host, damaged)).close();
  });

  it("lets nobody else read its files", async () => {
    await (await openLmdbStore(host, dir)).close();
    expect((await stat(dir)).mode & 0o777).toBe(0o700);
    for (const name of await readdir(dir)) expect((await stat(join(dir, name))).mode & 0o777).toBe(0o600);
  });

  it("refuses a key that LMDB cannot hold, and an object that is no JSON, without harm to others", async () => {
    const store = await openLmdbStore(host, dir);
    const long = write(store, put("/a"), put(`/${"k".repeat(2_000)}`));
    const cyclic = put("/c");
    if (cyclic.type === "put") Object.assign(cyclic.object, { self: cyclic.object });
    const noJson = write(store, cyclic);
    const good = write(store, put("/b"));
    await expect(long).rejects.toThrow(StoreError);
    await expect(noJson).rejects.toThrow(/circular/);
    expect(await good).toBe(1);
    expect(await contentOf(store, "/")).toEqual({ "/b": "" });
    await store.close();
  });
});
