import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { eventually } from "../support/eventually.ts";
import { kubectlIn } from "../support/kubectl.ts";
import { Sandbox } from "../support/sampan.ts";

const box = new Sandbox();
afterAll(() => box.remove());

test("pods that run when the process is killed still run after a restart: same addresses, no restarts, none pending", async () => {
  const flags = ["--data-dir", join(box.dir, "data-of-test"), "--nodes", "3"];
  const first = await box.start(flags);
  const { k } = await kubectlIn(box, "kept");
  await k("create deployment web --image=nginx --replicas=12");
  await k("create job short --image=busybox -- sleep 2");
  await k("rollout status deployment/web --timeout=60s");
  const columns =
    "custom-columns=:metadata.name,:status.podIP,:spec.nodeName,:status.containerStatuses[0].restartCount";
  const shown = `get pods -l app=web --no-headers -o ${columns}`;
  const before = await k(shown);
  await first.kill("SIGKILL");
  await box.start(flags);
  expect(await k(shown)).toBe(before);
  await k("wait job/short --for=condition=Complete --timeout=30s");
  await k("scale deployment web --replicas=15");
  await k("rollout status deployment/web --timeout=60s");
  const addresses = (await k("get pods -l app=web -o jsonpath={.items[*].status.podIP}")).split(" ");
  expect(new Set(addresses).size).toBe(15);
  await eventually(
    () => k("get pods --field-selector status.phase=Pending -o name"),
    (names) => names === "",
  );
});
