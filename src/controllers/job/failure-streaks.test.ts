import { expect, test } from "vitest";
import { formatTime } from "../../api/meta/index.ts";
import type { Job, Pod } from "../../api/types/index.ts";
import { backoffLeftMs, FailureStreaks } from "./failure-streaks.ts";

const job: Job = {
  apiVersion: "batch/v1",
  kind: "Job",
  metadata: { uid: "j" },
  spec: { template: { metadata: {}, spec: { containers: [] } } },
};
const startMs = Date.UTC(2026, 0, 1);
const at = (second: number) => formatTime(startMs + second * 1000);

function ended(uid: string, phase: "Failed" | "Succeeded", second: number): Pod {
  const state = { terminated: { exitCode: 0, finishedAt: at(second) } };
  const containerStatuses = [{ name: "c", image: "", imageID: "", ready: false, restartCount: 0, state }];
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { uid },
    spec: { containers: [] },
    status: { phase, containerStatuses },
  };
}

test("failures follow each other slower and slower, up to ten minutes, also when the pods are gone", () => {
  const streaks = new FailureStreaks();
  const waits: number[] = [];
  for (let failure = 1; failure <= 8; failure++) {
    const streak = streaks.note(job, [ended(`p${failure}`, "Failed", failure)], startMs);
    waits.push((backoffLeftMs(streak, startMs) - failure * 1000) / 1000);
  }
  expect(waits).toEqual([10, 20, 40, 80, 160, 320, 600, 600]);
  expect(streaks.note(job, [], startMs).count).toBe(8);
  streaks.forget(job);
  expect(backoffLeftMs(streaks.note(job, [], startMs), startMs)).toBe(0);
});

test("a success ends the streak: only failures after it count", () => {
  const streaks = new FailureStreaks();
  streaks.note(job, [ended("a", "Failed", 1), ended("b", "Failed", 2)], startMs);
  const streak = streaks.note(job, [ended("c", "Succeeded", 3), ended("d", "Failed", 5)], startMs);
  expect(streak).toEqual({ count: 1, lastMs: startMs + 5000 });
  expect(streaks.note(job, [ended("e", "Succeeded", 6)], startMs).count).toBe(0);
});

test("a pod that is deleted counts as a failure of the time when it was, unless only failed ones are replaced", () => {
  const deleted: Pod = {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { uid: "a", deletionTimestamp: at(40), deletionGracePeriodSeconds: 30 },
    spec: { containers: [] },
    status: { phase: "Running" },
  };
  expect(new FailureStreaks().note(job, [deleted], startMs)).toEqual({ count: 1, lastMs: startMs + 10_000 });
  const patient: Job = { ...job, spec: { ...job.spec, podReplacementPolicy: "Failed" } };
  expect(new FailureStreaks().note(patient, [deleted], startMs).count).toBe(0);
});
