import { expect, test } from "vitest";
import { absolute, packTar, TarError, unpackTar } from "./tar.ts";

test("what is packed is unpacked again, under another folder", () => {
  const files = new Map([
    ["/etc/a/one", "1\n"],
    ["/etc/a/two", "x".repeat(1000)],
    ["/etc/abc", "no"],
  ]);
  const archive = packTar(files, "/", "etc/a", 0);
  expect(archive.length % 512).toBe(0);
  expect(unpackTar(archive, "/tmp")).toEqual(
    new Map([
      ["/tmp/etc/a/one", "1\n"],
      ["/tmp/etc/a/two", "x".repeat(1000)],
    ]),
  );
});

test("what is not there cannot be packed, and what is no text cannot be unpacked", () => {
  expect(() => packTar(new Map(), "/", "/none", 0)).toThrow("tar: /none: No such file or directory");
  const archive = packTar(new Map([["/a", "ab"]]), "/", "/a", 0);
  archive.writeUInt8(0xff, 512);
  expect(() => unpackTar(archive, "/")).toThrow(TarError);
  expect(() => unpackTar(archive.subarray(0, 513), "/")).toThrow("short read");
});

test("paths are seen from their folder", () => {
  expect(absolute("/tmp", "a/../b/./c")).toBe("/tmp/b/c");
  expect(absolute("/tmp", "/../x")).toBe("/x");
});
