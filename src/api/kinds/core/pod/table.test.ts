import { describe, expect, it } from "vitest";
import type { Pod, PodSpec, PodStatus } from "../../../types/index.ts";
import { podTable } from "./table.ts";

const now = Date.parse("2026-01-01T00:10:00Z");

function cells(status: PodStatus, spec: Partial<PodSpec> = {}, metadata: Pod["metadata"] = {}) {
  const pod: Pod = {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name: "p", creationTimestamp: "2026-01-01T00:00:00Z", ...metadata },
    spec: { containers: [{ name: "a" }, { name: "b" }], ...spec },
    status,
  };
  const [, ready, state, restarts, age] = podTable.cells(pod, now);
  return { ready, state, restarts, age };
}

function container(name: string, state: object, more: object = {}) {
  return { name, image: "i", imageID: "", ready: false, restartCount: 0, state, ...more };
}

const running = (name: string) => container(name, { running: { startedAt: null } }, { ready: true });

describe("the Status column of pods", () => {
  it("shows the phase when containers say no more", () => {
    expect(cells({ phase: "Pending" })).toEqual({ ready: "0/2", state: "Pending", restarts: "0", age: "10m" });
  });

  it("counts the ready containers", () => {
    const shown = cells({ phase: "Running", containerStatuses: [running("a"), container("b", { running: {} })] });
    expect(shown).toMatchObject({ ready: "1/2", state: "Running" });
  });

  it("shows why a container waits, and how often and when it was restarted", () => {
    const lastState = { terminated: { exitCode: 1, finishedAt: "2026-01-01T00:09:55Z" } };
    const waiting = { waiting: { reason: "CrashLoopBackOff" } };
    const containerStatuses = [container("a", waiting, { restartCount: 3, lastState }), running("b")];
    const shown = cells({ phase: "Running", containerStatuses });
    expect(shown).toMatchObject({ ready: "1/2", state: "CrashLoopBackOff", restarts: "3 (5s ago)" });
  });

  it("shows how a container ended", () => {
    const ended = (terminated: object) =>
      cells({ phase: "Failed", containerStatuses: [container("a", { terminated })] }).state;
    expect(ended({ exitCode: 0, reason: "Completed" })).toBe("Completed");
    expect(ended({ exitCode: 1, reason: "Error" })).toBe("Error");
    expect(ended({ exitCode: 3 })).toBe("ExitCode:3");
    expect(ended({ exitCode: 137, signal: 9 })).toBe("Signal:9");
  });

  it("shows Running when one container has completed and the pod is ready", () => {
    const done = container("a", { terminated: { exitCode: 0, reason: "Completed" } });
    const ready = (status: string) =>
      cells({
        phase: "Running",
        conditions: [{ type: "Ready", status }],
        containerStatuses: [done, running("b")],
      }).state;
    expect(ready("True")).toBe("Running");
    expect(ready("False")).toBe("NotReady");
  });

  it("shows how far the init containers are", () => {
    const spec = { initContainers: [{ name: "x" }, { name: "y" }] };
    const done = container("x", { terminated: { exitCode: 0 } });
    const init = (...initContainerStatuses: ReturnType<typeof container>[]) =>
      cells({ phase: "Pending", initContainerStatuses }, spec).state;
    const initializing = { waiting: { reason: "PodInitializing" } };
    expect(init(container("x", { running: {} }), container("y", initializing))).toBe("Init:0/2");
    expect(init(done, container("y", { running: {} }))).toBe("Init:1/2");
    expect(init(done, container("y", { terminated: { exitCode: 1, reason: "Error" } }))).toBe("Init:Error");
    expect(init(container("x", { waiting: { reason: "ImagePullBackOff" } }))).toBe("Init:ImagePullBackOff");
  });

  it("counts sidecars as containers", () => {
    const spec = { initContainers: [{ name: "x", restartPolicy: "Always" }] };
    const sidecar = { ...running("x"), started: true };
    const status = {
      phase: "Running",
      initContainerStatuses: [sidecar],
      containerStatuses: [running("a"), running("b")],
    };
    expect(cells(status, spec)).toMatchObject({ ready: "3/3", state: "Running" });
  });

  it("shows Terminating for a pod that is being deleted, unless it has ended", () => {
    const metadata = { deletionTimestamp: "2026-01-01T00:09:00Z" };
    expect(cells({ phase: "Running" }, {}, metadata).state).toBe("Terminating");
    expect(cells({ phase: "Succeeded" }, {}, metadata).state).toBe("Succeeded");
    expect(cells({ phase: "Running", reason: "NodeLost" }, {}, metadata).state).toBe("Unknown");
  });
});
