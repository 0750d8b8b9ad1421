import { expect, test } from "vitest";
import { statusPatch } from "./status-patch.ts";

const ready = { type: "Ready", status: "True", lastTransitionTime: "t0" };

test("nothing is written when nothing changed", () => {
  const status = { phase: "Running", conditions: [ready], resources: {} };
  expect(statusPatch(status, { ...status, conditions: [{ ...ready }] })).toBeUndefined();
});

test("only what changed is written, what went away is null", () => {
  const from = { phase: "Running", reason: "Old", hostIP: "h" };
  expect(statusPatch(from, { phase: "Failed", hostIP: "h" })).toEqual({ phase: "Failed", reason: null });
});

test("of the conditions only those that changed, so that others' are never touched", () => {
  const gate = { type: "example.org/g", status: "True" };
  const unready = { ...ready, status: "False", reason: "ContainersNotReady" };
  expect(statusPatch({ conditions: [gate, unready] }, { conditions: [gate, ready] })).toEqual({
    conditions: [{ ...ready, reason: null }],
  });
});

test("a resize that is over takes its condition away, and no other", () => {
  const from = {
    conditions: [
      { type: "PodResizeInProgress", status: "True" },
      { type: "example.org/g", status: "True" },
    ],
  };
  expect(statusPatch(from, { conditions: [] })).toEqual({
    conditions: [{ type: "PodResizeInProgress", $patch: "delete" }],
  });
});

test("a pod with another address has only that", () => {
  expect(statusPatch({ podIPs: [{ ip: "a" }] }, { podIPs: [{ ip: "b" }] })).toEqual({
    podIPs: [{ ip: "b" }, { $patch: "replace" }],
  });
});
