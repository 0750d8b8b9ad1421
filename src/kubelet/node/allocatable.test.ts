import { expect, test } from "vitest";
import { defaultEvictionHard, parseThresholds } from "../eviction/index.ts";
import { allocatableOf } from "./allocatable.ts";

const capacity = { cpu: "4", memory: "8Gi", "ephemeral-storage": "100Gi", pods: "110" };

test("without settings a node offers all it has", () => {
  expect(allocatableOf(capacity, {})).toEqual(capacity);
});

test("reservations and hard eviction thresholds are taken from what it has", () => {
  const allocatable = allocatableOf(capacity, {
    kubeReserved: { cpu: "500m", memory: "1Gi" },
    systemReserved: { cpu: "250m" },
    thresholds: parseThresholds({ hard: defaultEvictionHard }),
  });
  expect(allocatable).toEqual({
    cpu: "3250m",
    memory: "7068Mi",
    "ephemeral-storage": "96636764160",
    pods: "110",
  });
});

test("what is reserved beyond what there is leaves nothing", () => {
  expect(allocatableOf(capacity, { kubeReserved: { memory: "16Gi" } }).memory).toBe("0");
});

test("a tiny node keeps its memory rather than offering none", () => {
  const thresholds = parseThresholds({ hard: "memory.available<100Mi" });
  expect(allocatableOf({ memory: "64Mi" }, { thresholds }).memory).toBe("64Mi");
});
