import { appendFileSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { testHost } from "../../host/index.ts";
import { CriLogs } from "../runtime/cri/log-files.ts";
import type { Container, ContainerStatus } from "../runtime/runtime.ts";
import { LogRotation } from "./log-rotation.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "sampan-logs-"));
  mkdirSync(join(folder, "c"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const container = { id: "x", state: "running" } as Container;

function rotation() {
  const host = testHost();
  const logPath = join(folder, "c", "0.log");
  let lines = 0;
  const print = (count: number) => {
    for (let i = 0; i < count; i++)
      appendFileSync(logPath, `2026-01-01T00:00:00.000000001Z stdout F line ${lines++}\n`);
  };
  const runtime = { listContainers: async () => [container], reopenLog: async () => print(0) };
  const options = { host, runtime, files: { logPath: () => logPath }, maxBytes: 1000, maxFiles: 3 };
  const logs = new CriLogs({ containerStatus: async () => ({ logPath }) as ContainerStatus }, host.clock);
  const texts = async () => (await logs.lines("x")).map(({ text }) => text);
  return { host, rotation: new LogRotation(options), print, texts, files: () => readdirSync(join(folder, "c")) };
}

test("a log that has grown too large is moved aside, older parts are packed and the oldest removed", async () => {
  const { host, rotation: rotates, print, texts, files } = rotation();
  print(10);
  await rotates.rotateAll();
  expect(files()).toEqual(["0.log"]);
  print(20);
  await rotates.rotateAll();
  expect(files()).toEqual(["0.log.20260101-000000"]);
  expect(await texts()).toEqual(Array.from({ length: 30 }, (_, i) => `line ${i}`));
  await host.clock.advance(60_000);
  print(30);
  await rotates.rotateAll();
  expect(files()).toEqual(["0.log.20260101-000000.gz", "0.log.20260101-000100"]);
  expect(await texts()).toEqual(Array.from({ length: 60 }, (_, i) => `line ${i}`));
  await host.clock.advance(60_000);
  print(30);
  await rotates.rotateAll();
  print(1);
  expect(files()).toEqual(["0.log", "0.log.20260101-000100.gz", "0.log.20260101-000200"]);
  expect((await texts())[0]).toBe("line 30");
});
