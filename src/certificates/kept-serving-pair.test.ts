import { X509Certificate } from "node:crypto";
import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { systemHost } from "../host/index.ts";
import { keptServingPair } from "./kept-serving-pair.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "sampan-pair-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const hostAt = (days: number) => {
  const host = systemHost();
  return { ...host, clock: { ...host.clock, now: () => Date.now() + days * 86_400_000 } };
};
const kept = (names: readonly [string, ...string[]], days = 0) =>
  keptServingPair(hostAt(days), join(folder, "pki"), "kubelet", names);

test("a serving certificate is made once, and its key is for its owner alone", async () => {
  const made = await kept(["node-1", "192.0.2.1"]);
  expect(await kept(["node-1", "192.0.2.1"])).toEqual(made);
  expect(readFileSync(join(folder, "pki", "kubelet.crt"), "utf8")).toBe(made.cert);
  expect(statSync(join(folder, "pki", "kubelet.key")).mode & 0o777).toBe(0o600);
  expect(new X509Certificate(made.cert).checkIP("192.0.2.1")).toBe("192.0.2.1");
});

test("it is made anew for another address, and before it ends", async () => {
  const made = await kept(["node-1", "192.0.2.1"]);
  const moved = await kept(["node-1", "192.0.2.2"]);
  expect(moved.cert).not.toBe(made.cert);
  expect(await kept(["node-1", "192.0.2.2"], 363)).toEqual(moved);
  expect((await kept(["node-1", "192.0.2.2"], 364.5)).cert).not.toBe(moved.cert);
});

test("what is no pair is replaced", async () => {
  const made = await kept(["node-1"]);
  writeFileSync(join(folder, "pki", "kubelet.crt"), "half a cert");
  chmodSync(join(folder, "pki", "kubelet.key"), 0o600);
  const again = await kept(["node-1"]);
  expect(again.cert).not.toBe(made.cert);
  const other = await keptServingPair(hostAt(0), join(folder, "other"), "kubelet", ["node-1"]);
  writeFileSync(join(folder, "pki", "kubelet.key"), other.key);
  expect((await kept(["node-1"])).key, "a key of another certificate").not.toBe(other.key);
});
