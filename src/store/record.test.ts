import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { open } from "lmdb";
import { afterAll, describe, expect, it } from "vitest";
import { testHost } from "../host/index.ts";
import { openLmdbStore } from "./index.ts";
import { contentOf, put, write } from "./store-probe.ts";

const root = await mkdtemp(join(tmpdir(), "sampan-record-"));
afterAll(() => rm(root, { recursive: true, force: true }));

describe("a record on disk", () => {
  it("with one wrong bit is told by name, file and remedy, wherever the bit is", async () => {
    const dir = join(root, "flipped");
    const store = await openLmdbStore(testHost(), dir);
    await write(store, put("/things/whole", "w".repeat(50)), put("/things/torn", `unmistakable-${"x".repeat(3000)}`));
    await store.close();
    const file = join(dir, "data.mdb");
    const good = await readFile(file);
    const at = good.indexOf("unmistakable");
    for (const offset of [0, 2000, -30]) {
      const bad = Buffer.from(good);
      bad[at + offset] = (bad[at + offset] ?? 0) ^ 4;
      await writeFile(file, bad);
      await expect(openLmdbStore(testHost(), dir)).rejects.toThrow(
        new RegExp(
          `^the record of /things/torn in ${file} is damaged: its checksum is wrong; .*sampan store check.*restore`,
        ),
      );
    }
    await writeFile(file, good);
    const again = await openLmdbStore(testHost(), dir);
    expect(Object.keys(await contentOf(again, "/"))).toEqual(["/things/torn", "/things/whole"]);
    await again.close();
  });

  it("that took another's place is not believed", async () => {
    const dir = join(root, "moved");
    const store = await openLmdbStore(testHost(), dir);
    await write(store, put("/a", "of a"), put("/b", "of b"));
    await store.close();
    const { env, objects } = openRaw(dir);
    await objects.put(Buffer.from("/b"), objects.get(Buffer.from("/a")) ?? Buffer.alloc(0));
    await env.close();
    await expect(openLmdbStore(testHost(), dir)).rejects.toThrow(/^the record of \/b in .* checksum/);
  });

  it("of the revision is checked too", async () => {
    const dir = join(root, "revision");
    const store = await openLmdbStore(testHost(), dir);
    await write(store, put("/a"));
    await store.close();
    const { env, meta } = openRaw(dir);
    const text = meta.get(Buffer.from("revision"))?.toString() ?? "";
    await meta.put(Buffer.from("revision"), Buffer.from(`2${text.slice(1)}`));
    await env.close();
    await expect(openLmdbStore(testHost(), dir)).rejects.toThrow(/the record of the revision is damaged/);
  });
});

describe("a folder of format 1", () => {
  it("is brought to the present format when it is opened", async () => {
    const dir = join(root, "format-1");
    const { env, objects, meta } = openRaw(dir);
    await env.batch(() => {
      for (const [key, revision] of [
        ["/a", 3],
        ["/b", 7],
      ] as const)
        objects.put(Buffer.from(key), oldRecord(key, revision));
      meta.put(Buffer.from("format"), Buffer.from("1"));
      meta.put(Buffer.from("revision"), Buffer.from("9"));
    });
    await env.close();
    for (let opened = 0; opened < 2; opened++) {
      const store = await openLmdbStore(testHost(), dir);
      expect(store.revision).toBe(9 + opened);
      expect(await store.get("/b")).toMatchObject({ revision: 7, createRevision: 1, object: { data: "of /b" } });
      await write(store, put("/c"));
      await store.close();
    }
    const raw = openRaw(dir);
    expect(raw.meta.get(Buffer.from("format"))?.toString()).toBe("3");
    await raw.env.close();
  });
});

function openRaw(dir: string) {
  const env = open<Buffer, Buffer>({ path: dir, noSubdir: false, overlappingSync: false });
  const options = { encoding: "binary", keyEncoding: "binary" } as const;
  return {
    env,
    objects: env.openDB<Buffer, Buffer>("objects", options),
    meta: env.openDB<Buffer, Buffer>("meta", options),
  };
}

function oldRecord(key: string, revision: number): Buffer {
  const metadata = { name: key, resourceVersion: String(revision) };
  const text = JSON.stringify({ apiVersion: "v1", kind: "Thing", metadata, data: `of ${key}` });
  const record = Buffer.alloc(18);
  record.writeUIntBE(revision, 0, 6);
  record.writeUIntBE(1, 6, 6);
  return Buffer.concat([record, Buffer.from(text)]);
}
