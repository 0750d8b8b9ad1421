import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import { eventually } from "../support/eventually.ts";
import { Sandbox } from "../support/sampan.ts";

const bin = fileURLToPath(new URL("../../bin/sampan.js", import.meta.url));
const box = new Sandbox();
const running: ChildProcess[] = [];
beforeAll(async () => {
  await box.start(["--ephemeral"], "apiserver");
});
afterAll(async () => {
  for (const child of running) child.kill("SIGKILL");
  await box.remove();
});

const leaseSeconds = 3;
const times = [
  "--leader-elect-lease-duration=3s",
  "--leader-elect-renew-deadline=2s",
  "--leader-elect-retry-period=500ms",
];

/** Starts a controller manager and waits until it stands for election. */
async function controllerManager(...more: string[]): Promise<ChildProcess> {
  const args = [bin, "controller-manager", "--kubeconfig", box.kubeconfig, "--secure-port=0", ...times, ...more];
  const child = spawn(process.execPath, args, {
    env: { ...process.env, ...box.env },
    stdio: ["ignore", "ignore", "pipe"],
  });
  running.push(child);
  let told = "";
  child.stderr?.on("data", (part: Buffer) => {
    told += part.toString();
  });
  await eventually(
    async () => told,
    (text) => text.includes("waiting for the lead"),
  );
  return child;
}

async function lease(): Promise<{
  holderIdentity?: string;
  acquireTime: string;
  renewTime: string;
  leaseTransitions: number;
}> {
  const { stdout } = await box.kubectl("get lease kube-controller-manager -n kube-system -o jsonpath={.spec}");
  return JSON.parse(stdout || "{}");
}
const untilHeldByOther = (before: string | undefined) =>
  eventually(lease, ({ holderIdentity }) => !!holderIdentity && holderIdentity !== before);

async function created(): Promise<string[]> {
  const { stdout } = await box.kubectl(
    "get events --field-selector reason=SuccessfulCreate,involvedObject.kind=ReplicaSet -o jsonpath={range.items[*]}{.message}{'\\n'}{end}",
  );
  return stdout.split("\n").filter((line) => line !== "");
}
const pods = async () => (await box.kubectl("get pods -o name")).stdout.split("\n").filter((line) => line !== "");
const untilPods = (count: number) => eventually(pods, (names) => names.length === count);

test("when the leader is killed the other takes over within the lease, and nothing is done twice", async () => {
  const first = await controllerManager();
  const held = await untilHeldByOther(undefined);
  // Its controllers work with the rights of their own accounts alone.
  const second = await controllerManager("--use-service-account-credentials");
  expect((await box.kubectl("create deployment web --image=nginx --replicas=3")).code).toBe(0);
  await untilPods(3);

  first.kill("SIGKILL");
  await once(first, "exit");
  const last = await lease();
  expect(last.holderIdentity).toBe(held.holderIdentity);
  // Asked for while nobody leads.
  expect((await box.kubectl("scale deployment web --replicas=5")).code).toBe(0);
  const taken = await untilHeldByOther(held.holderIdentity);
  expect(taken.leaseTransitions).toBe(1);
  const gapSeconds = (Date.parse(taken.acquireTime) - Date.parse(last.renewTime)) / 1000;
  expect(gapSeconds).toBeGreaterThanOrEqual(leaseSeconds - 0.1);
  expect(gapSeconds).toBeLessThan(leaseSeconds + 3);
  await untilPods(5);

  const accounts = await box.kubectl("get serviceaccounts -n kube-system -o name");
  expect(accounts.stdout).toContain("serviceaccount/replicaset-controller\n");

  // What both did together is what was asked for, once.
  expect(new Set(await eventually(created, (messages) => messages.length >= 5)).size).toBe(5);
  expect((await created()).length).toBe(5);
  expect((await box.kubectl("get replicasets -o name")).stdout.trim().split("\n")).toHaveLength(1);
  const scaled = await box.kubectl(
    "get events --field-selector reason=ScalingReplicaSet -o jsonpath={range.items[*]}{.count}{'\\n'}{end}",
  );
  expect(scaled.stdout.trim().split("\n")).toEqual(["1", "1"]);

  const elections = await box.kubectl(
    "get events -n kube-system --field-selector reason=LeaderElection -o jsonpath={range.items[*]}{.message}{'\\n'}{end}",
  );
  const leaders = [held.holderIdentity, taken.holderIdentity].map((identity) => `${identity} became leader`);
  expect(elections.stdout.trim().split("\n").sort()).toEqual(leaders.sort());

  // One that ends well gives the lead back: the next need not wait for the lease to run out.
  const third = await controllerManager();
  second.kill("SIGTERM");
  const [code] = await once(second, "exit");
  expect(code).toBe(0);
  expect((await untilHeldByOther(taken.holderIdentity)).leaseTransitions).toBeGreaterThan(1);
  expect(third.exitCode).toBeNull();
});
