import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import { eventually } from "../support/eventually.ts";
import { Sandbox } from "../support/sampan.ts";

const bin = (name: string) => fileURLToPath(new URL(`../../bin/${name}.js`, import.meta.url));
const box = new Sandbox();
const running: ChildProcess[] = [];
beforeAll(async () => {
  await box.start(["--ephemeral"], "apiserver");
});
afterAll(async () => {
  for (const child of running) child.kill("SIGKILL");
  await box.remove();
});

function component(...args: string[]): ChildProcess {
  const child = spawn(process.execPath, [bin("sampan"), ...args, "--kubeconfig", box.kubeconfig, "--secure-port=0"], {
    env: { ...process.env, ...box.env },
    stdio: "ignore",
  });
  running.push(child);
  return child;
}

const pods = () => box.kubectl("get pods -o jsonpath={.items[*].status.conditions[0].reason}");

test("controllers and scheduler work from processes of their own, over a kubeconfig", async () => {
  component("controller-manager");
  component("scheduler");
  await eventually(
    () => box.kubectl("get serviceaccount default"),
    ({ code }) => code === 0,
  );
  expect((await box.kubectl("create deployment web --image=nginx --replicas=2")).code).toBe(0);
  // There are no nodes: the scheduler says so.
  await eventually(pods, ({ stdout }) => stdout === "Unschedulable Unschedulable");
  const leases = await box.kubectl("get leases -n kube-system -o name");
  expect(leases.stdout.split("\n")).toEqual(
    expect.arrayContaining(
      ["kube-controller-manager", "kube-scheduler"].map((name) => `lease.coordination.k8s.io/${name}`),
    ),
  );
});

test("a second scheduler stands by and takes over when the first one ends", async () => {
  const holder = () => box.kubectl("get lease kube-scheduler -n kube-system -o jsonpath={.spec.holderIdentity}");
  const first = (await holder()).stdout;
  component("scheduler", "--leader-elect-retry-period", "100ms");
  const scheduler = running[1];
  if (!scheduler) throw new Error("no scheduler was started");
  scheduler.kill("SIGTERM");
  const [code] = await once(scheduler, "exit");
  expect(code).toBe(0);
  await eventually(holder, ({ stdout }) => stdout !== "" && stdout !== first);
});

test("a kubeconfig that leads nowhere gives one clear line", async () => {
  const ran = await box.sampan(["scheduler", "--kubeconfig", join(box.dir, "nothing")]);
  expect(ran.code).toBe(1);
  expect(ran.stderr.trim().split("\n")).toHaveLength(1);
  const unknown = await box.sampan(["controller-manager", "--kubeconfig", box.kubeconfig, "--controllers", "nope"]);
  expect(unknown).toMatchObject({ code: 1 });
  expect(unknown.stderr).toContain("there is no controller nope");
});

test("kubectl finds sampan as its plugin", async () => {
  const folder = join(box.dir, "plugins");
  mkdirSync(folder);
  symlinkSync(bin("kubectl-sampan"), join(folder, "kubectl-sampan"));
  const ran = await box.kubectl("sampan version", { env: { PATH: `${folder}:${process.env.PATH}` } });
  expect(ran.stdout).toContain("Kubernetes v1.36.2+sampan");
});
