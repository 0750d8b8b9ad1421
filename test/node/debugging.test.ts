import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { resources } from "../../src/index.ts";
import { boxImage, boxPod, containerdNeeds, isReady, RealNodeBox } from "../support/containerd/index.ts";
import { eventually } from "../support/eventually.ts";
import { missing } from "../support/requires.ts";

const reason = missing(containerdNeeds);
const suffix = reason === undefined ? "" : ` (${reason})`;

let box: RealNodeBox;

describe.skipIf(reason !== undefined)(`debugging on a real node${suffix}`, () => {
  beforeAll(async () => {
    box = await RealNodeBox.start();
  });
  afterAll(() => box?.stop());

  test("an ephemeral container sees the processes of the one it is for", async () => {
    const namespace = await box.namespace();
    await box.create(namespace, boxPod("p", "exec sleep 1234"));
    const pod = await box.podUntil(namespace, "p", isReady);
    const debugging = {
      name: "d",
      image: boxImage,
      imagePullPolicy: "Never",
      command: ["sleep", "1000"],
      targetContainerName: "c",
    };
    const spec = { ...pod.spec, ephemeralContainers: [debugging] };
    const ephemeral = box.client.resource(resources.pods).subresource("ephemeralcontainers");
    await ephemeral.update({ namespace, name: "p" }, { ...pod, spec } as never);
    const seen = await box.podUntil(
      namespace,
      "p",
      ({ status }) => status?.ephemeralContainerStatuses?.[0]?.state?.running !== undefined,
    );
    expect(await box.exec(seen, "d", "ps", "-o", "args")).toContain("sleep 1234");
  });

  test("a pod that wants users of its own is told that it cannot have them", async () => {
    const namespace = await box.namespace();
    await box.create(namespace, boxPod("p", "exec sleep 1000", {}, { hostUsers: false }));
    const events = await eventually(
      () => box.events(namespace, "p"),
      (found) => found.some((event) => event.startsWith("FailedCreatePodSandBox")),
    );
    expect(events.join("\n")).toContain("does not support user namespaces");
  });

  test("an image that no registry gives is told, and tried ever more rarely", async () => {
    const namespace = await box.namespace();
    const image = "127.0.0.1:1/none:1";
    const imagePullSecrets = [{ name: "absent" }];
    await box.create(namespace, boxPod("p", "true", { image, imagePullPolicy: "IfNotPresent" }, { imagePullSecrets }));
    const waits = (why: string) =>
      box.podUntil(namespace, "p", ({ status }) => status?.containerStatuses?.[0]?.state?.waiting?.reason === why);
    const failed = await waits("ErrImagePull");
    expect(failed.status?.containerStatuses?.[0]?.state?.waiting?.message).toMatch(/failed to pull and unpack image/);
    const backingOff = await waits("ImagePullBackOff");
    expect(backingOff.status?.containerStatuses?.[0]?.state?.waiting?.message).toMatch(
      /^Back-off pulling image "127\.0\.0\.1:1\/none:1": ErrImagePull: rpc error: code = Unknown desc = failed to pull/,
    );
    expect(await box.events(namespace, "p")).toContain(
      "FailedToRetrieveImagePullSecret: Unable to retrieve some image pull secrets (absent); attempting to pull the image may not succeed.",
    );
  });
});
