import { afterEach, describe, expect, test } from "vitest";
import { parseThresholds } from "../../src/kubelet/index.ts";
import { boxPod, containerdNeeds, RealNodeBox } from "../support/containerd/index.ts";
import { eventually } from "../support/eventually.ts";
import { missing } from "../support/requires.ts";

const reason = missing(containerdNeeds);

let box: RealNodeBox | undefined;
afterEach(async () => {
  await box?.stop();
  box = undefined;
});

async function nodeThatEvicts(hard: string): Promise<RealNodeBox> {
  box = await RealNodeBox.start({ eviction: { thresholds: parseThresholds({ hard }) } });
  return box;
}

describe.skipIf(reason !== undefined)(`eviction on a real node${reason === undefined ? "" : ` (${reason})`}`, () => {
  test("a pod that fills an emptyDir beyond its limit is evicted, and leaves nothing behind", async () => {
    const node = await nodeThatEvicts("memory.available<1Mi");
    const namespace = await node.namespace();
    const volumes = [{ name: "data", emptyDir: { sizeLimit: "1Mi" } }];
    const volumeMounts = [{ name: "data", mountPath: "/data" }];
    const fill = "dd if=/dev/zero of=/data/file bs=1M count=3; sleep 1000";
    await node.create(namespace, boxPod("full", fill, { volumeMounts }, { volumes }));
    const { status } = await node.podUntil(namespace, "full", (pod) => pod.status?.phase === "Failed", 60_000);
    const message = 'Usage of EmptyDir volume "data" exceeds the limit "1Mi". ';
    expect(status).toMatchObject({ reason: "Evicted", message });
    expect(status?.conditions).toContainEqual(
      expect.objectContaining({ type: "DisruptionTarget", status: "True", reason: "TerminationByKubelet", message }),
    );
    expect(status?.containerStatuses?.[0]?.state?.terminated?.exitCode).toBe(137);
    expect(
      await eventually(
        () => node.events(namespace, "full"),
        (events) => events.includes(`Evicted: ${message}`),
      ),
    ).toBeDefined();
    await node.delete(namespace, "full");
    await node.podGone(namespace, "full");
    await eventually(
      async () => node.podFolders,
      (folders) => folders.length === 0,
    );
  });

  test("a node that is short of processes says so and takes no more pods", async () => {
    const node = await nodeThatEvicts("pid.available<1000000000");
    const pressed = await eventually(
      () => node.node(),
      ({ status }) =>
        status?.conditions?.some(({ type, status }) => type === "PIDPressure" && status === "True") === true,
      60_000,
    );
    expect(pressed.status?.conditions).toContainEqual(
      expect.objectContaining({
        type: "PIDPressure",
        reason: "KubeletHasInsufficientPID",
        message: "kubelet has insufficient PID available",
      }),
    );
    const namespace = await node.namespace();
    const tolerations = [{ operator: "Exists" }];
    const draft = boxPod("late", "sleep 1000", {}, { tolerations });
    await node.create(namespace, draft);
    const { status } = await node.podUntil(namespace, "late", (pod) => pod.status?.phase === "Failed");
    expect(status).toMatchObject({
      reason: "Evicted",
      message: "Pod was rejected: The node had condition: [PIDPressure]. ",
    });
  });
});
