import { readdir, readFile, readlink, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { temporaryFolder } from "../testing.ts";
import { type ProjectedFile, showFiles } from "./atomic-writer.ts";

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
beforeEach(async () => {
  folder = await temporaryFolder();
});
afterEach(() => folder.remove());

const now = Date.UTC(2026, 0, 2, 3, 4, 5);
const file = (text: string, mode = 0o644): ProjectedFile => ({ data: Buffer.from(text), mode });
const show = (files: Record<string, ProjectedFile>, settle?: (path: string) => Promise<void>) =>
  showFiles(folder.path, new Map(Object.entries(files)), now, settle);
const read = (path: string) => readFile(join(folder.path, path), "utf8");

test("files are links into a folder that is named by the time", async () => {
  expect(await show({ a: file("1", 0o400), "deep/er/b": file("2"), "deep/c": file("3") })).toBe(true);
  expect(await readlink(join(folder.path, "..data"))).toMatch(/^\.\.2026_01_02_03_04_05\./);
  expect(await readlink(join(folder.path, "a"))).toBe("..data/a");
  expect(await readlink(join(folder.path, "deep"))).toBe("..data/deep");
  expect([await read("a"), await read("deep/er/b"), await read("deep/c")]).toEqual(["1", "2", "3"]);
  expect((await stat(join(folder.path, "a"))).mode & 0o777).toBe(0o400);
});

test("what is shown already is not written again", async () => {
  await show({ a: file("1") });
  const before = await readlink(join(folder.path, "..data"));
  expect(await show({ a: file("1") })).toBe(false);
  expect(await readlink(join(folder.path, "..data"))).toBe(before);
});

test("changed, new and missing files appear and go in one step, and nothing of the old ones is left", async () => {
  await show({ a: file("1"), old: file("x"), "folder/gone": file("y"), "folder/stays": file("z") });
  await show({ a: file("2"), fresh: file("n"), "folder/stays": file("z") });
  const names = (await readdir(folder.path)).filter((name) => !name.startsWith("..")).sort();
  expect(names).toEqual(["a", "folder", "fresh"]);
  expect((await readdir(folder.path)).length).toBe(names.length + 2);
  expect(await read("a")).toBe("2");
  expect(await readdir(join(folder.path, "folder"))).toEqual(["stays"]);
});

test("a volume with no files is empty, and stays as it is", async () => {
  expect(await show({})).toBe(true);
  expect(await show({})).toBe(false);
  await show({ a: file("1") });
  expect(await show({})).toBe(true);
  expect((await readdir(folder.path)).filter((name) => !name.startsWith(".."))).toEqual([]);
});

test("readers see the old files while the new ones cannot be finished", async () => {
  await show({ a: file("1") });
  await expect(show({ a: file("2") }, () => Promise.reject(new Error("no space")))).rejects.toThrow("no space");
  expect(await read("a")).toBe("1");
  expect((await readdir(folder.path)).length).toBe(3);
});

test("a writer that ended between two steps is taken over from", async () => {
  await show({ a: file("1") });
  await writeFile(join(folder.path, "..data_tmp"), "");
  await show({ a: file("2") });
  expect(await read("a")).toBe("2");
});

test.each([
  ["", "invalid path: must not be empty"],
  ["/a", "invalid path: must be relative path: /a"],
  ["a/../b", "invalid path: must not contain '..': a/../b"],
  ["..a", "invalid path: must not start with '..': ..a"],
  ["a".repeat(256), "invalid path: filenames must be less than or equal to 255 characters"],
])("the path %j is refused", async (path, message) => {
  await expect(show({ [path]: file("1") })).rejects.toThrow(message);
});
