import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Pod } from "../../src/api/types/index.ts";
import { boxPod, containerdNeeds, containerIdOf, isReady, RealNodeBox } from "../support/containerd/index.ts";
import { eventually } from "../support/eventually.ts";
import { missing } from "../support/requires.ts";

const reason = missing(containerdNeeds);
const suffix = reason === undefined ? "" : ` (${reason})`;

let box: RealNodeBox;

const sleeps = "exec sleep 1000";
const restarts = ({ status }: Pod): number => status?.containerStatuses?.[0]?.restartCount ?? 0;

async function running(namespace: string, draft: ReturnType<typeof boxPod>): Promise<Pod> {
  await box.create(namespace, draft);
  return box.podUntil(namespace, draft.metadata.name, isReady);
}

/** Deletes the pod and demands that nothing of it is left on the machine. */
async function leavesNothing(namespace: string, name: string): Promise<void> {
  await box.delete(namespace, name);
  await box.podGone(namespace, name);
  const left = async () => ({
    processes: box.containerd.processes(),
    mounts: box.containerd.mounts(),
    cgroups: box.containerd.podCgroups(),
    pods: box.podFolders,
    logs: box.logFolders,
  });
  await eventually(left, (found) => Object.values(found).every((list) => list.length === 0), 15_000);
}

const awayMs = 20_000;

async function nodeCondition() {
  const { status } = await box.node();
  return status?.conditions?.find(({ type }) => type === "Ready");
}

async function isNodeReady(): Promise<boolean> {
  return (await nodeCondition())?.status === "True";
}

describe.skipIf(reason !== undefined)(`faults on a real node${suffix}`, () => {
  beforeAll(async () => {
    box = await RealNodeBox.start({
      statusCheckSeconds: 1,
      runtimeRequestTimeoutMs: 3000,
      log: { level: "error", write: () => undefined },
    });
  });
  afterAll(() => box?.stop());

  test("when pause is killed the pod is rebuilt: another sandbox and address, its containers restarted", async () => {
    const namespace = await box.namespace();
    const before = await running(namespace, boxPod("p", sleeps));
    const pause = box.containerd.running("/pause")[0];
    process.kill(pause ?? 0, "SIGKILL");
    const after = await box.podUntil(namespace, "p", (pod) => restarts(pod) === 1 && isReady(pod));
    expect(after.status?.podIP).not.toBe(before.status?.podIP);
    expect(after.status?.containerStatuses?.[0]?.lastState?.terminated?.exitCode).toBe(137);
    expect(await box.events(namespace, "p")).toContain(
      "SandboxChanged: Pod sandbox changed, it will be killed and re-created.",
    );
    await leavesNothing(namespace, "p");
  });

  test("while containerd is away for 20 s the node stays ready, after 30 s it is not; back again nothing has restarted", async () => {
    const namespace = await box.namespace();
    const before = await running(namespace, boxPod("p", sleeps));
    await box.containerd.kill("SIGKILL");
    const away = new Promise((resolve) => setTimeout(resolve, awayMs));
    await box.create(namespace, boxPod("later", sleeps, {}, { nodeName: "node-1" }));
    await away;
    expect(await nodeCondition()).toMatchObject({ status: "True", reason: "KubeletReady" });
    await eventually(isNodeReady, (ready) => !ready, 20_000);
    expect(await nodeCondition()).toMatchObject({ reason: "KubeletNotReady", message: "container runtime is down" });
    expect(box.containerd.running("sleep 1000")).toHaveLength(1);
    const meanwhile = await box.pod(namespace, "p");
    expect(meanwhile?.status?.phase).toBe("Running");
    expect(meanwhile?.metadata.deletionTimestamp).toBeUndefined();
    await box.containerd.run();
    await eventually(isNodeReady, Boolean, 20_000);
    expect(await nodeCondition()).toMatchObject({ reason: "KubeletReady", message: "kubelet is posting ready status" });
    const after = await box.podUntil(namespace, "p", isReady);
    expect(containerIdOf(after, "c")).toBe(containerIdOf(before, "c"));
    expect(restarts(after)).toBe(0);
    await box.podUntil(namespace, "later", isReady, 60_000);
    await box.delete(namespace, "later");
    await leavesNothing(namespace, "p");
  });

  test("a runtime that does not answer is told in an event, and tried again", async () => {
    const namespace = await box.namespace();
    const daemon = box.containerd.pid;
    process.kill(daemon, "SIGSTOP");
    try {
      await box.create(namespace, boxPod("p", sleeps, {}, { nodeName: "node-1" }));
      await eventually(
        () => box.events(namespace, "p"),
        (events) =>
          events.some((event) =>
            /^FailedSync: error determining status: rpc error: code = DeadlineExceeded/.test(event),
          ),
        40_000,
      );
    } finally {
      process.kill(daemon, "SIGCONT");
    }
    await box.podUntil(namespace, "p", isReady, 60_000);
    await leavesNothing(namespace, "p");
  });

  test("a container that ignores TERM is killed after its grace period", async () => {
    const namespace = await box.namespace();
    const script = "trap '' TERM; while true; do sleep 1; done";
    await running(namespace, boxPod("p", script, {}, { terminationGracePeriodSeconds: 3 }));
    const begun = performance.now();
    await box.delete(namespace, "p");
    await box.podGone(namespace, "p");
    expect(performance.now() - begun).toBeGreaterThan(3000);
    await leavesNothing(namespace, "p");
  });

  test("a probe that hangs counts as failed, and leaves no process behind", async () => {
    const namespace = await box.namespace();
    const livenessProbe = { exec: { command: ["sleep", "2000"] }, periodSeconds: 1, failureThreshold: 2 };
    await box.create(namespace, boxPod("p", sleeps, { livenessProbe }));
    await box.podUntil(namespace, "p", (pod) => restarts(pod) === 1, 40_000);
    expect(await box.events(namespace, "p")).toContain(
      'Unhealthy: Liveness probe failed: command timed out: "sleep 2000" timed out after 1s',
    );
    await leavesNothing(namespace, "p");
  });

  test("pods survive a restart of the kubelet untouched; those deleted meanwhile are ended", async () => {
    const namespace = await box.namespace();
    const before = await running(namespace, boxPod("p", sleeps));
    await running(namespace, boxPod("q", sleeps));
    await box.stopKubelet();
    await box.delete(namespace, "q", 0);
    const sleeping = async () => box.containerd.running("sleep 1000");
    // A container that has just started may not be what it runs yet.
    await eventually(sleeping, (all) => all.length === 2);
    await box.startKubelet();
    await eventually(sleeping, (left) => left.length === 1);
    const after = await box.podUntil(namespace, "p", isReady);
    expect(containerIdOf(after, "c")).toBe(containerIdOf(before, "c"));
    expect(after.status?.podIP).toBe(before.status?.podIP);
    await leavesNothing(namespace, "p");
  });
});
