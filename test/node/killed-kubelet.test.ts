import type { ChildProcess } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import type { Pod } from "../../src/api/types/index.ts";
import { containerdNeeds, containerIdOf, isReady } from "../support/containerd/index.ts";
import { eventually } from "../support/eventually.ts";
import { cleanUp, end, type Place, place, start, up } from "../support/real-commands.ts";
import { missing } from "../support/requires.ts";

afterEach(cleanUp);

const reason = missing(containerdNeeds);
const title = (text: string) => (reason === undefined ? text : `${text} (${reason})`);

const startKubelet = (at: Place): Promise<ChildProcess> =>
  start(
    ["kubelet", "--kubeconfig", at.kubeconfig, "--node-name=node-a", "--port=0", "--address=127.0.0.1", ...at.machine],
    (output) => output.includes("component=kubelet"),
  );

async function runPod({ kubectl }: Place, name: string, seconds: number): Promise<void> {
  const overrides = JSON.stringify({ spec: { nodeName: "node-a", terminationGracePeriodSeconds: 1 } });
  const image = ["--image=docker.io/library/busybox:latest", "--image-pull-policy=Never"];
  await kubectl("run", name, ...image, `--overrides=${overrides}`, "--", "sh", "-c", `exec sleep ${seconds}`);
  await kubectl("wait", `pod/${name}`, "--for=condition=Ready", "--timeout=30s");
}

const pod = async ({ kubectl }: Place, name: string): Promise<Pod> =>
  JSON.parse(await kubectl("get", "pod", name, "-o", "json"));

const restarts = ({ status }: Pod): number => status?.containerStatuses?.[0]?.restartCount ?? 0;

/** The process of a pod whose container sleeps so long. */
function sleeper({ containerd }: Place, seconds: number): number | undefined {
  return containerd.running(`sleep ${seconds}`)[0];
}

test.skipIf(reason !== undefined)(
  title("a kubelet that is killed leaves pods as they are, the next one makes good what happened meanwhile"),
  async () => {
    const at = await place();
    const { kubectl, containerd } = at;
    await start([...up(at), "--nodes=0"], (output) => output.includes('"ready":true'));
    const killed = await startKubelet(at);
    await kubectl("wait", "node/node-a", "--for=condition=Ready", "--timeout=30s");
    await runPod(at, "stays", 1001);
    await runPod(at, "deleted", 1002);
    await runPod(at, "ends", 1003);
    const [stays, ends] = [await pod(at, "stays"), await pod(at, "ends")];

    await end(killed, "SIGKILL");
    await kubectl("delete", "pod", "deleted", "--wait=false");
    process.kill(sleeper(at, 1003) ?? 0, "SIGKILL");
    expect(sleeper(at, 1001)).toBeDefined();
    expect(sleeper(at, 1002), "nobody is there to end it").toBeDefined();
    expect((await pod(at, "deleted")).metadata.deletionTimestamp).toBeDefined();

    await startKubelet(at);
    await kubectl("wait", "--for=delete", "pod/deleted", "--timeout=30s");
    expect(sleeper(at, 1002)).toBeUndefined();
    const again = await eventually(
      () => pod(at, "ends"),
      (seen) => restarts(seen) === 1 && isReady(seen),
    );
    expect(again.status?.containerStatuses?.[0]?.lastState?.terminated).toMatchObject({
      exitCode: 137,
      containerID: `containerd://${containerIdOf(ends, "ends")}`,
    });
    expect(again.status?.podIP).toBe(ends.status?.podIP);
    const untouched = await pod(at, "stays");
    expect(containerIdOf(untouched, "stays")).toBe(containerIdOf(stays, "stays"));
    expect(restarts(untouched)).toBe(0);
    expect(untouched.status?.podIP).toBe(stays.status?.podIP);
    expect(untouched.status?.startTime).toBe(stays.status?.startTime);

    await kubectl("delete", "pod", "stays", "ends");
    const files = (name: string) => {
      const folder = join(containerd.folder, name);
      return existsSync(folder) ? readdirSync(folder) : [];
    };
    await eventually(
      async () => ({
        processes: containerd.processes(),
        mounts: containerd.mounts(),
        cgroups: containerd.podCgroups(),
        pods: files("kubelet/pods"),
        logs: files("logs"),
        links: files("links"),
      }),
      (left) => Object.values(left).every((list) => list.length === 0),
    );
  },
);
