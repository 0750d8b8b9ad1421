import { expect, test } from "vitest";
import type { Job, Pod } from "../../api/types/index.ts";
import { failureVerdict, successVerdict } from "./policies.ts";

function jobWith(spec: Partial<Job["spec"]>): Job {
  const template = { metadata: {}, spec: { containers: [{ name: "c" }] } };
  return { apiVersion: "batch/v1", kind: "Job", metadata: { name: "j" }, spec: { template, ...spec } };
}

function podEnded(exitCode: number, conditions: { type: string; status: string }[] = []): Pod {
  const containerStatuses = [
    { name: "c", image: "", imageID: "", ready: false, restartCount: 0, state: { terminated: { exitCode } } },
  ];
  const metadata = { namespace: "ns", name: "p" };
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata,
    spec: { containers: [] },
    status: { phase: "Failed", containerStatuses, conditions },
  };
}

test("the first rule that matches a failed pod decides", () => {
  const rules = [
    { action: "Ignore", onPodConditions: [{ type: "DisruptionTarget", status: "True" }] },
    { action: "FailJob", onExitCodes: { operator: "In", values: [42] } },
    { action: "Count", onExitCodes: { operator: "NotIn", values: [1] } },
  ];
  const job = jobWith({ podFailurePolicy: { rules } });
  expect(failureVerdict(job, podEnded(42, [{ type: "DisruptionTarget", status: "True" }]))?.action).toBe("Ignore");
  expect(failureVerdict(job, podEnded(42))).toEqual({
    action: "FailJob",
    message: "Container c for pod ns/p failed with exit code 42 matching FailJob rule at index 1",
  });
  expect(failureVerdict(job, podEnded(3))?.action).toBe("Count");
  expect(failureVerdict(job, podEnded(1))).toBeUndefined();
});

test("a success rule counts indexes, named ones, or so many of the named ones", () => {
  const verdict = (rule: object, done: number[]) =>
    successVerdict(jobWith({ successPolicy: { rules: [rule] } }), new Set(done));
  expect(verdict({ succeededIndexes: "0-2" }, [0, 1])).toBeUndefined();
  expect(verdict({ succeededIndexes: "0-2" }, [0, 1, 2])).toBe("Matched rules at index 0");
  expect(verdict({ succeededIndexes: "0-2", succeededCount: 2 }, [0, 2, 7])).toBe("Matched rules at index 0");
  expect(verdict({ succeededCount: 2 }, [7])).toBeUndefined();
});
