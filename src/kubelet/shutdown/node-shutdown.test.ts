import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import { resources } from "../../client/index.ts";
import { createLogger, type TestHost } from "../../host/index.ts";
import type { ShutdownSettings } from "../node/node-options.ts";
import { box, podOf, type TestCluster, testCluster } from "../testing/cluster-suite.ts";
import type { InhibitLock, LoginManager } from "./logind.ts";
import { type ShutdownState, shutdownStateFile } from "./state-file.ts";

let cluster: TestCluster;
afterEach(() => cluster.stop());

/** A login manager in the hands of the test. */
class TestLogin implements LoginManager {
  delayMs = 60_000;
  readonly overrides: number[] = [];
  /** How many locks are held. */
  held = 0;
  /** How many there were. */
  taken = 0;
  #sink: (isShuttingDown: boolean) => void = () => undefined;
  #gone = Promise.withResolvers<void>();

  get closed(): Promise<void> {
    return this.#gone.promise;
  }
  inhibitDelayMs = async () => this.delayMs;
  overrideInhibitDelay = async (ms: number) => {
    this.overrides.push(ms);
    this.delayMs = Math.min(ms, 300_000);
  };
  inhibit = async (): Promise<InhibitLock> => {
    const { promise: lost, resolve } = Promise.withResolvers<void>();
    this.held++;
    this.taken++;
    const release = async () => {
      this.held--;
      resolve();
    };
    return { lost, release };
  };
  onShutdown = async (sink: (isShuttingDown: boolean) => void) => {
    this.#sink = sink;
  };
  close = () => this.#gone.resolve();

  prepareForShutdown(active: boolean): void {
    this.#sink(active);
  }

  /** The connection is lost; the next one finds the same login manager. */
  lose(): void {
    const gone = this.#gone;
    this.#gone = Promise.withResolvers();
    gone.resolve();
  }
}

const periods = [
  { priority: 0, shutdownGracePeriodSeconds: 20 },
  { priority: 1000, shutdownGracePeriodSeconds: 10 },
];

async function nodeWith(login: TestLogin, more: Partial<ShutdownSettings> = {}): Promise<void> {
  cluster = await testCluster({ shutdown: { periods, openLogin: async () => login, ...more } });
  await cluster.seconds(0);
}

const stubborn = (name: string, priority: number, terminationGracePeriodSeconds: number) =>
  podOf(name, {
    priority,
    terminationGracePeriodSeconds,
    containers: [box("a", "sleep 100000")],
  });
const isRunning = async (name: string) => (await cluster.pod(name)).status?.phase === "Running";

test("a shutdown is held back from the start, and the login manager told to wait as long as all groups need", async () => {
  const login = new TestLogin();
  login.delayMs = 5000;
  await nodeWith(login);
  expect(login.overrides).toEqual([30_000]);
  expect(login.held).toBe(1);
});

test("a delay that is long enough is left as it is", async () => {
  const login = new TestLogin();
  await nodeWith(login);
  expect(login.overrides).toEqual([]);
});

test("pods end in the order of their priority, each within its own grace and its group's time, and have failed", async () => {
  const login = new TestLogin();
  await nodeWith(login);
  await cluster.run(stubborn("quick", 0, 3), stubborn("slow", 500, 600), stubborn("important", 1000, 4));
  login.prepareForShutdown(true);

  await cluster.seconds(2);
  expect(login.held).toBe(1);
  expect(await Promise.all(["quick", "slow", "important"].map(isRunning))).toEqual([true, true, true]);
  await cluster.seconds(2);
  // Its own 3 s are over; the other of its group has the group's 20 s, not the 600 s that it asks for.
  expect(await Promise.all(["quick", "slow", "important"].map(isRunning))).toEqual([false, true, true]);
  await cluster.seconds(15);
  expect(await Promise.all(["slow", "important"].map(isRunning))).toEqual([true, true]);
  await cluster.seconds(2);
  expect(await Promise.all(["slow", "important"].map(isRunning))).toEqual([false, true]);
  expect(login.held).toBe(1);
  await cluster.seconds(4);
  expect(await isRunning("important")).toBe(false);
  expect(login.held).toBe(0);

  for (const name of ["quick", "slow", "important"]) {
    const { status } = await cluster.pod(name);
    const message = "Pod was terminated in response to imminent node shutdown.";
    expect(status).toMatchObject({ phase: "Failed", reason: "Terminated", message });
    expect(status?.containerStatuses?.[0]?.state?.terminated).toMatchObject({ exitCode: 137 });
    expect(status?.conditions?.find(({ type }) => type === "DisruptionTarget")).toMatchObject({
      status: "True",
      reason: "TerminationByKubelet",
      message,
    });
  }
});

test("the lock is released as soon as all pods have ended, without waiting for their groups' time", async () => {
  const login = new TestLogin();
  await nodeWith(login);
  await cluster.run(podOf("a"), podOf("b", { priority: 1000 }));
  login.prepareForShutdown(true);
  await cluster.seconds(2);
  expect(login.held).toBe(0);
});

test("a group that does not end in its time is left behind: the next one is not robbed of its own", async () => {
  const login = new TestLogin();
  await nodeWith(login);
  const lifecycle = { preStop: { exec: { command: ["sh", "-c", "sleep 1000"] } } };
  const hanging = box("a", "sleep 100000", { lifecycle });
  await cluster.run(podOf("hangs", { containers: [hanging], terminationGracePeriodSeconds: 100 }));
  await cluster.run(stubborn("important", 1000, 2));
  login.prepareForShutdown(true);
  await cluster.seconds(19);
  expect(await isRunning("important")).toBe(true);
  await cluster.seconds(4);
  expect(await isRunning("important")).toBe(false);
  await cluster.seconds(10);
  expect(login.held).toBe(0);
});

test("a pod that was being deleted with a long grace ends within its group's time, too", async () => {
  const login = new TestLogin();
  await nodeWith(login);
  await cluster.run(stubborn("p", 0, 600));
  await cluster.client.resource(resources.pods).delete({
    namespace: "default",
    name: "p",
  });
  await cluster.seconds(1);
  login.prepareForShutdown(true);
  await cluster.seconds(21);
  expect(await cluster.findPod("p")).toBeUndefined();
  expect(login.held).toBe(0);
});

test("the node is not ready meanwhile, tells why, and takes no pods", async () => {
  const login = new TestLogin();
  await nodeWith(login);
  await cluster.run(stubborn("old", 0, 600));
  login.prepareForShutdown(true);
  await cluster.seconds(1);
  const ready = async () => (await cluster.node()).status?.conditions?.find(({ type }) => type === "Ready");
  expect(await ready()).toMatchObject({
    status: "False",
    reason: "KubeletNotReady",
    message: "node is shutting down",
  });
  expect(await cluster.events("node-1")).toEqual(
    expect.arrayContaining([
      "Shutdown: Shutdown manager detected shutdown event",
      expect.stringContaining("NodeNotReady"),
    ]),
  );
  await cluster.run(podOf("new"));
  expect((await cluster.pod("new")).status).toMatchObject({
    phase: "Failed",
    reason: "NodeShutdown",
    message: "Pod was rejected: Pod was rejected as the node is shutting down.",
  });

  login.prepareForShutdown(false);
  await cluster.seconds(25);
  expect(await ready()).toMatchObject({ status: "True", reason: "KubeletReady" });
  expect(login.held).toBe(1);
  await cluster.run(podOf("later"));
  expect(await isRunning("later")).toBe(true);
});

test("when the connection is lost the shutdown is held back anew", async () => {
  const login = new TestLogin();
  await nodeWith(login);
  login.lose();
  await cluster.seconds(2);
  expect(login).toMatchObject({ held: 1, taken: 2 });
  await cluster.run(podOf("p"));
  login.prepareForShutdown(true);
  await cluster.seconds(2);
  expect((await cluster.pod("p")).status?.reason).toBe("Terminated");
});

test("a machine without a login manager is a node all the same, and the log says what it lacks", async () => {
  const lines: string[] = [];
  const openLogin = () => Promise.reject(new Error("connect ENOENT /var/run/dbus/system_bus_socket"));
  cluster = await testCluster({
    shutdown: { periods, openLogin },
    log: createLogger({ level: "error", write: (line) => lines.push(line), now: () => 0 }),
  });
  await cluster.run(podOf("p"));
  expect(await isRunning("p")).toBe(true);
  expect(lines).toEqual([expect.stringContaining("Failed to start node shutdown manager")]);
  expect(lines[0]).toContain("connect ENOENT /var/run/dbus/system_bus_socket");
});

test("a login manager that does not wait that long is told of, and nothing is held back", async () => {
  const lines: string[] = [];
  const login = new TestLogin();
  login.delayMs = 5000;
  login.overrideInhibitDelay = async () => undefined;
  cluster = await testCluster({
    shutdown: { periods, openLogin: async () => login },
    log: createLogger({ level: "error", write: (line) => lines.push(line), now: () => 0 }),
  });
  await cluster.seconds(0);
  expect(lines[0]).toContain(
    "unable to update logind InhibitDelayMaxSec to 30s (ShutdownGracePeriod), current value of InhibitDelayMaxSec (5s)",
  );
  expect(login.held).toBe(0);
});

test("when a shutdown began and ended is measured and kept over a restart of the kubelet", async () => {
  const login = new TestLogin();
  let kept: ShutdownState = {};
  const state = {
    load: async () => kept,
    store: async (next: ShutdownState) => {
      kept = next;
    },
  };
  await nodeWith(login, { state });
  await cluster.run(stubborn("p", 0, 4));
  const startMs = cluster.host.clock.now();
  login.prepareForShutdown(true);
  await cluster.seconds(2);
  expect(kept).toEqual({ startMs });
  expect(await times(cluster.host)).toEqual([startMs / 1000, 0]);
  await cluster.seconds(4);
  expect(kept).toEqual({ startMs, endMs: startMs + 4000 });
  await cluster.restart();
  await cluster.seconds(0);
  expect(await times(cluster.host)).toEqual([startMs / 1000, startMs / 1000 + 4]);
});

test("when the machine is up again pods that ended stay ended, and others run", async () => {
  const login = new TestLogin();
  await nodeWith(login);
  await cluster.run(podOf("old"));
  login.prepareForShutdown(true);
  await cluster.seconds(2);
  await cluster.restart();
  await cluster.seconds(1);
  expect((await cluster.pod("old")).status).toMatchObject({ phase: "Failed", reason: "Terminated" });
  await cluster.run(podOf("new"));
  expect(await isRunning("new")).toBe(true);
  expect(login.held).toBe(1);
});

test("the state is a file as the original writes it", async () => {
  cluster = await testCluster();
  const folder = mkdtempSync(join(tmpdir(), "shutdown-"));
  try {
    const file = shutdownStateFile(folder);
    expect(await file.load()).toEqual({});
    const startMs = Date.UTC(2026, 10, 23, 22, 0, 0);
    await file.store({ startMs });
    expect(await file.load()).toEqual({ startMs, endMs: undefined });
    await file.store({ startMs, endMs: startMs + 5000 });
    expect(await file.load()).toEqual({ startMs, endMs: startMs + 5000 });
  } finally {
    rmSync(folder, { recursive: true });
  }
});

async function times({ metrics }: TestHost): Promise<number[]> {
  const text = await metrics.render();
  return ["start", "end"].map((which) =>
    Number(new RegExp(`^kubelet_graceful_shutdown_${which}_time_seconds (\\S+)$`, "m").exec(text)?.[1]),
  );
}
