import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { resources } from "../../src/index.ts";
import { boxPod, containerdNeeds, isReady, RealNodeBox } from "../support/containerd/index.ts";
import { podResources, TestDevicePlugin } from "../support/device-plugin.ts";
import { eventually } from "../support/eventually.ts";
import { missing } from "../support/requires.ts";

const reason = missing(containerdNeeds);
const suffix = reason === undefined ? "" : ` (${reason})`;
const resource = "example.com/dongle";
const asking = (count: number) => ({ resources: { limits: { [resource]: String(count) } } });

describe.skipIf(reason !== undefined)(`devices of plugins on a real node${suffix}`, () => {
  let box: RealNodeBox;
  let plugin: TestDevicePlugin;
  beforeAll(async () => {
    box = await RealNodeBox.start();
    plugin = await TestDevicePlugin.start({ root: box.rootDir, resource, devices: ["a", "b", "c"] });
  });
  afterAll(async () => {
    plugin?.stop();
    await box?.stop();
  });

  const offered = async () => {
    const { capacity = {}, allocatable = {} } = (await box.node()).status ?? {};
    return `${allocatable[resource]} of ${capacity[resource]}`;
  };
  const untilOffered = (wanted: string) => eventually(offered, (now) => now === wanted);

  test("the node offers the healthy ones of a plugin's devices", async () => {
    await untilOffered("3 of 3");
    plugin.setHealth("b", "Unhealthy");
    await untilOffered("2 of 3");
    plugin.setHealth("b", "Healthy");
    await untilOffered("3 of 3");
  });

  test("a container gets the devices that its plugin prefers, with all that belongs to them, and keeps them", async () => {
    const namespace = await box.namespace();
    const script = 'echo "$DONGLES $OWN"; ls -l /dev/c /given/hosts; echo x > /dev/c && exec sleep 1000';
    const container = { ...asking(2), env: [{ name: "OWN", value: "own" }] };
    await box.create(namespace, boxPod("p", script, container));
    const pod = await box.podUntil(namespace, "p", isReady);
    const output = await box.log(pod, "c");
    expect(output).toMatch(/^(b,c|c,b) own\n/);
    expect(output).toMatch(/^crw.* 1, +3 .* \/dev\/c$/m);
    expect(plugin.calls.map(({ method }) => method)).toContain("PreStartContainer");
    const ids = ["b", "c"];
    const told = await podResources<{ podResources: object[] }>(box.rootDir, "List");
    expect(told.podResources).toEqual([
      {
        name: "p",
        namespace,
        containers: [
          {
            name: "c",
            devices: expect.arrayContaining(
              ids.map((id) => ({ resourceName: resource, deviceIds: [id], topology: { nodes: [{ ID: 0 }] } })),
            ),
          },
        ],
      },
    ]);
    const one = await podResources<{ podResources: object }>(box.rootDir, "Get", {
      podName: "p",
      podNamespace: namespace,
    });
    expect(one.podResources).toEqual(told.podResources[0]);
    const all = await podResources<{ devices: object[] }>(box.rootDir, "GetAllocatableResources");
    expect(all.devices).toHaveLength(3);

    // Another kubelet knows who has what, though plugins cannot tell.
    await box.stopKubelet();
    await box.startKubelet();
    await plugin.again();
    await untilOffered("3 of 3");
    await box.create(namespace, boxPod("q", 'echo "$DONGLES"; exec sleep 1000', asking(1)));
    const other = await box.podUntil(namespace, "q", isReady);
    expect(await box.log(other, "c")).toBe("a\n");
    // What is taken is not offered to a third one, until somebody ends.
    await box.create(namespace, boxPod("r", 'echo "$DONGLES"; exec sleep 1000', asking(1)));
    await eventually(
      () => box.pod(namespace, "r"),
      (waiting) => waiting?.status?.conditions?.some(({ reason: why }) => why === "Unschedulable") === true,
    );
    await box.delete(namespace, "q");
    const third = await box.podUntil(namespace, "r", isReady);
    expect(await box.log(third, "c")).toBe("a\n");
    for (const name of ["p", "r"]) await box.delete(namespace, name);
    for (const name of ["p", "r"]) await box.podGone(namespace, name);
  });

  test("an init container's devices go to those that start after it", async () => {
    const namespace = await box.namespace();
    const init = { ...boxPod("p", "echo $DONGLES", asking(3)).spec?.containers[0], name: "i" } as never;
    await box.create(namespace, boxPod("p", "exec sleep 1000", asking(3), { initContainers: [init] }));
    const pod = await box.podUntil(namespace, "p", isReady);
    expect((await box.exec(pod, "c", "sh", "-c", "echo $DONGLES")).trim().split(",").sort()).toEqual(["a", "b", "c"]);
    await box.delete(namespace, "p");
    await box.podGone(namespace, "p");
  });

  test("the devices of a plugin that is gone are not offered any more", async () => {
    plugin.stop();
    await untilOffered("0 of 3");
    const { items } = await box.client.resource(resources.nodes).list();
    expect(items[0]?.status?.conditions?.find(({ type }) => type === "Ready")?.status).toBe("True");
  });
});
