import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import { containerdNeeds } from "../support/containerd/index.ts";
import { cleanUp, end, place, start, up } from "../support/real-commands.ts";
import { missing } from "../support/requires.ts";
import { execute } from "../support/sampan.ts";
import { systemBusNeeds, TestSystemBus } from "../support/system-bus/index.ts";

afterEach(cleanUp);

const programs = { ...containerdNeeds.programs, ...systemBusNeeds.programs };
const reason = missing({ ...containerdNeeds, ...systemBusNeeds, programs });
const test_ = test.skipIf(reason !== undefined);
const title = (text: string) => (reason === undefined ? text : `${text} (${reason})`);

test_(title("sampan kubelet ends its pods before its machine goes down, as its configuration says"), async () => {
  const at = await place();
  const { kubectl } = at;
  const bus = await TestSystemBus.start();
  try {
    // Long enough: the machine's own configuration is left alone.
    bus.command("delay 60");
    await start([...up(at), "--nodes=0"], (output) => output.includes('"ready":true'));
    const config = join(at.folder, "kubelet.yaml");
    const kind = "apiVersion: kubelet.config.k8s.io/v1beta1\nkind: KubeletConfiguration\n";
    writeFileSync(config, `${kind}maxPods: 7\nshutdownGracePeriod: 10s\nshutdownGracePeriodCriticalPods: 5s\n`);
    const args = ["kubelet", "--kubeconfig", at.kubeconfig, "--node-name=node-a", "--port=0", `--config=${config}`];
    const kubelet = await start([...args, ...at.machine], (output) => output.includes("component=kubelet"));
    await kubectl("wait", "node/node-a", "--for=condition=Ready", "--timeout=30s");
    expect(await kubectl("get", "node", "node-a", "-o", "jsonpath={.status.capacity.pods}")).toBe("7");
    await bus.until((events) => events.some(({ event }) => event === "inhibit"));
    const image = ["--image=docker.io/library/busybox:latest", "--image-pull-policy=Never"];
    await kubectl("run", "p", ...image, "--", "sh", "-c", "trap 'exit 0' TERM; while true; do sleep 0.1; done");
    await kubectl("wait", "pod/p", "--for=condition=Ready", "--timeout=30s");

    bus.command("shutdown true");
    await bus.until((events) => events.some(({ event }) => event === "released"), 20_000);
    await kubectl("wait", "pod/p", "--for=jsonpath={.status.reason}=Terminated", "--timeout=10s");
    const condition = "jsonpath={.status.conditions[?(@.type=='Ready')].message}";
    expect(await kubectl("get", "node", "node-a", "-o", condition)).toBe("node is shutting down");
    await end(kubelet, "SIGTERM");
  } finally {
    await cleanUp();
    await bus.stop();
  }
});

test.skipIf(reason !== undefined || existsSync("/run/systemd/system"))(
  title("a kubelet whose cgroups systemd is to make says so where systemd does not run"),
  async () => {
    const at = await place();
    await start([...up(at), "--nodes=0"], (output) => output.includes('"ready":true'));
    const main = new URL("../../src/cli/main.ts", import.meta.url).pathname;
    const args = ["kubelet", "--kubeconfig", at.kubeconfig, "--port=0", "--cgroup-driver=systemd", ...at.machine];
    const { code, stderr } = await execute(process.execPath, [main, ...args]);
    expect(code).not.toBe(0);
    expect(stderr).toContain("systemd not running on this host, cannot use systemd cgroups manager");
  },
);
