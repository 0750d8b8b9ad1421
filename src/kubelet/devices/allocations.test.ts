import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { type Choice, choose, readAllocations, writeAllocations } from "./allocations.ts";

const choice = (more: Partial<Choice>): Choice => ({
  resource: "example.com/dongle",
  count: 1,
  healthy: new Set(["a", "b", "c"]),
  taken: new Set(),
  reusable: [],
  preferred: async () => [],
  ...more,
});

test("what nobody has is given, in order of names", async () => {
  expect(await choose(choice({ count: 2, taken: new Set(["a"]) }))).toEqual(["b", "c"]);
});

test("what the plugin prefers is given first, as far as it is free", async () => {
  expect(await choose(choice({ preferred: async () => ["a", "c"], taken: new Set(["a"]) }))).toEqual(["c"]);
});

test("what the pod has already is given again, and the plugin is told of it", async () => {
  const asked: unknown[] = [];
  const preferred = async (...question: unknown[]) => {
    asked.push(question);
    return ["b", "c"];
  };
  const taken = new Set(["b"]);
  expect(await choose(choice({ count: 2, reusable: ["b"], taken, preferred }))).toEqual(["b", "c"]);
  expect(asked).toEqual([[["b", "a", "c"], ["b"], 2]]);
});

test("too few say how many are left", async () => {
  await expect(choose(choice({ count: 3, taken: new Set(["a"]) }))).rejects.toThrow(
    "requested number of devices unavailable for example.com/dongle. Requested: 3, Available: 2",
  );
});

test("what was given is known again after a restart", async () => {
  const folder = mkdtempSync(join(tmpdir(), "sampan-devices-"));
  try {
    const path = join(folder, "allocations.json");
    expect(await readAllocations(path)).toEqual({ resources: [], allocations: [] });
    const allocated = { envs: {}, mounts: [], devices: [], annotations: {}, cdiDevices: [] };
    const allocations = [{ podUid: "u", container: "c", resource: "example.com/dongle", ids: ["a"], allocated }];
    await writeAllocations(path, { resources: ["example.com/dongle"], allocations });
    expect(await readAllocations(path)).toEqual({ resources: ["example.com/dongle"], allocations });
  } finally {
    rmSync(folder, { recursive: true });
  }
});
