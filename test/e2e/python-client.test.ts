import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, test } from "vitest";
import { missing } from "../support/requires.ts";
import { Sandbox } from "../support/sampan.ts";

const run = promisify(execFile);
const script = fileURLToPath(new URL("python/client.py", import.meta.url));
const needs = missing({ pythonModules: { kubernetes: "python3-kubernetes" } });

describe.skipIf(needs)(`the Python client${needs ? `: ${needs}` : ""}`, () => {
  const box = new Sandbox();
  beforeAll(async () => {
    await box.start(["--ephemeral", "--nodes", "2"]);
  });
  afterAll(() => box.remove());

  test.each([
    ["runs commands in a pod, with all streams and exit codes, and reads its log", "commands"],
    ["reaches a port of a pod", "ports"],
    ["creates, reads, patches and deletes objects", "objects"],
    ["watches what happens, until its time is up", "watches"],
    ["creates from manifests, and is told what is wrong with them", "manifests"],
    ["finds resources by discovery", "dynamic_objects"],
    ["defines custom resources and uses them", "custom_objects"],
  ])("%s", async (_, area) => {
    await run("/usr/bin/python3", [script, box.kubeconfig, area], { timeout: 60_000 });
  });
});
