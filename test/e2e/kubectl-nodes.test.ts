import { afterAll, beforeAll, expect, test } from "vitest";
import { kubectlIn } from "../support/kubectl.ts";
import { Sandbox } from "../support/sampan.ts";

const box = new Sandbox();
beforeAll(async () => {
  await box.start(["--ephemeral", "--nodes", "3"]);
});
afterAll(() => box.remove());

test("taints are added, told apart by their effect, overwritten and removed", async () => {
  const { k, fails } = await kubectlIn(box, "taints");
  const taints = "get node node-1 -o jsonpath={.spec.taints}";
  await k("taint node node-1 dedicated=foo:PreferNoSchedule --dry-run=server");
  expect(await k(taints)).toBe("");
  await k("taint node node-1 dedicated=foo:PreferNoSchedule");
  expect(await fails("taint node node-1 dedicated=bar:PreferNoSchedule")).toContain("--overwrite is false");
  expect(await k("taint node node-1 dedicated=bar:PreferNoSchedule --overwrite")).toBe("node/node-1 modified\n");
  expect(JSON.parse(await k(taints))).toEqual([{ key: "dedicated", value: "bar", effect: "PreferNoSchedule" }]);
  expect(await k("taint node node-1 dedicated-")).toBe("node/node-1 untainted\n");
  expect(await k(taints)).toBe("");
});

test("a node is drained of what may go, and a disruption budget holds the rest", async () => {
  const { k, fails, run } = await kubectlIn(box, "drained");
  const selector = { nodeName: "node-2", terminationGracePeriodSeconds: 1 };
  const pod = { metadata: { name: "alone" }, spec: { ...selector, containers: [{ name: "c", image: "app" }] } };
  await k("create -f -", JSON.stringify({ apiVersion: "v1", kind: "Pod", ...pod }));
  expect(await fails("drain node-2")).toContain(
    "cannot delete Pods that declare no controller (use --force to override)",
  );
  expect(await k("get node node-2 --no-headers")).toContain("Ready,SchedulingDisabled");
  const drained = await run("drain node-2 --force");
  expect(drained.stdout).toContain("evicting pod drained/alone");
  expect(drained.stdout).toContain("node/node-2 drained");
  expect(await fails("get pod alone")).toContain("NotFound");
  await k("uncordon node-2");

  await k("create deployment web --image=nginx --replicas=3");
  await k("create pdb web --selector=app=web --min-available=3");
  await k("rollout status deployment/web --timeout=30s");
  await k("wait pdb/web --for=jsonpath={.status.currentHealthy}=3 --timeout=30s");
  const node = await k("get pods -l app=web -o jsonpath={.items[0].spec.nodeName}");
  expect(await fails(`drain ${node} --timeout=1s`)).toContain("global timeout reached");
  await k("scale deployment web --replicas=4");
  await k("wait pdb/web --for=jsonpath={.status.disruptionsAllowed}=1 --timeout=30s");
  expect(await k(`drain ${node} --timeout=60s`)).toContain(`node/${node} drained`);
  await k(`uncordon ${node}`);
});
