import { cp, mkdtemp, open, rm, stat, truncate } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { testHost } from "../host/index.ts";
import { openLmdbStore } from "./index.ts";
import { checkTrees } from "./lmdb-check.ts";

let root: string;
let good: string;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "sampan-check-"));
  good = join(root, "good");
  const store = await openLmdbStore(testHost(), good);
  for (let i = 0; i < 20; i++) {
    const operations = Array.from({ length: 50 }, (_, n) => {
      const object = { apiVersion: "v1", kind: "Thing", metadata: {}, text: "x".repeat(n * 200) };
      return { type: "put" as const, key: `/things/${i}/${n}`, object };
    });
    await store.commit({ compare: [], operations });
    await store.commit({ compare: [], operations: [{ type: "delete", key: `/things/${i}/7` }] });
  }
  await store.close();
});
afterAll(() => rm(root, { recursive: true, force: true }));

async function copied(name: string): Promise<string> {
  await cp(good, join(root, name), { recursive: true });
  return join(root, name, "data.mdb");
}

describe("the check of an LMDB file before it is mapped", () => {
  it("finds nothing wrong with a good one", () => {
    checkTrees(join(good, "data.mdb"));
  });

  it("finds what is cut off", async () => {
    const path = await copied("short");
    const { size } = await stat(path);
    for (const left of [Math.floor(size / 2), 20_000, 5000]) {
      await truncate(path, left);
      await expect(openLmdbStore(testHost(), join(root, "short"))).rejects.toThrow(
        /^cannot open the store in .*data\.mdb is damaged: /,
      );
    }
  });

  it("finds pages that are overwritten", async () => {
    const path = await copied("holes");
    const { size } = await stat(path);
    const file = await open(path, "r+");
    await file.write(Buffer.alloc(size - 8192), 0, size - 8192, 8192);
    await file.close();
    await expect(openLmdbStore(testHost(), join(root, "holes"))).rejects.toThrow("is damaged: page ");
  });
});
