import { existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { DataFolder, DataFolderError, defaultDataDir, readState } from "./data-folder.ts";

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "sampan-folder-"));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

test("a folder that is in use is refused with the process that holds it", () => {
  const folder = DataFolder.open(join(dir, "c"));
  expect(() => DataFolder.open(join(dir, "c"))).toThrow(`process ${process.pid}`);
  folder.release();
  DataFolder.open(join(dir, "c")).release();
});

test("the lock of a dead process is taken over", () => {
  // No process has this id: it is above the kernel's largest.
  writeFileSync(join(dir, "lock.json"), JSON.stringify({ pid: 2 ** 22 + 1 }));
  DataFolder.open(dir).release();
});

test("the lock of another process that has the same id by chance is taken over", () => {
  writeFileSync(join(dir, "lock.json"), JSON.stringify({ pid: process.pid, startTime: "1" }));
  DataFolder.open(dir).release();
});

test("a half-written lock belongs to nobody", () => {
  writeFileSync(join(dir, "lock.json"), '{"pi');
  DataFolder.open(dir).release();
});

test("a path that is a file gives a clear error", () => {
  writeFileSync(join(dir, "file"), "");
  expect(() => DataFolder.open(join(dir, "file", "sub"))).toThrow(DataFolderError);
});

test("the state tells the next start that a cluster was here; files are private", () => {
  const folder = DataFolder.open(join(dir, "c"));
  expect(folder.existing).toBe(false);
  folder.saveState({ name: "c", url: "https://127.0.0.1:6443" });
  folder.release();
  expect(readState(join(dir, "c"))).toEqual({ name: "c", url: "https://127.0.0.1:6443" });
  expect(statSync(join(dir, "c")).mode & 0o777).toBe(0o700);
  const again = DataFolder.open(join(dir, "c"));
  expect(again.existing).toBe(true);
  again.release();
});

test("the default folder follows the XDG data home and ignores a relative one", () => {
  expect(defaultDataDir("x", { XDG_DATA_HOME: "/data", HOME: "/home/u" })).toBe("/data/sampan/x");
  expect(defaultDataDir("x", { XDG_DATA_HOME: "data", HOME: "/home/u" })).toBe("/home/u/.local/share/sampan/x");
});

test.runIf(existsSync("/proc/self"))(
  "a folder below one in which nothing can be made is refused, not tried for ever",
  () => {
    expect(() => DataFolder.open("/proc/sampan/data")).toThrow("cannot use the data folder /proc/sampan/data");
  },
);
