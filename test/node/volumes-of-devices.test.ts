import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { resources } from "../../src/index.ts";
import { boxPod, containerdNeeds, isReady, RealNodeBox } from "../support/containerd/index.ts";
import { eventually } from "../support/eventually.ts";
import { missing } from "../support/requires.ts";

const reason = missing({ ...containerdNeeds, programs: { ...containerdNeeds.programs, losetup: "mount" } });

describe.skipIf(reason !== undefined)(`block volumes on a real node${reason ? ` (${reason})` : ""}`, () => {
  let box: RealNodeBox;
  let folder: string;
  let device: string;

  beforeAll(async () => {
    box = await RealNodeBox.start();
    folder = mkdtempSync(join(tmpdir(), "sampan-device-"));
    const file = join(folder, "disk");
    writeFileSync(file, "written by the machine\n");
    truncateSync(file, 1024 * 1024);
    device = execFileSync("losetup", ["--find", "--show", file], { encoding: "utf8" }).trim();
  });
  afterAll(async () => {
    await box?.stop();
    if (device !== undefined) execFileSync("losetup", ["--detach", device]);
    if (folder !== undefined) rmSync(folder, { recursive: true, force: true });
  });

  /** A claim that is bound to a local volume of mode Block. */
  async function claim(namespace: string, name: string, path: string): Promise<void> {
    const claims = box.client.resource(resources.persistentvolumeclaims);
    const shared = { accessModes: ["ReadWriteOnce"], volumeMode: "Block", storageClassName: "" };
    const { metadata } = await claims.create({
      metadata: { name, namespace },
      spec: { ...shared, resources: { requests: { storage: "1Mi" } }, volumeName: `${namespace}-${name}` },
    });
    const term = { matchExpressions: [{ key: "kubernetes.io/hostname", operator: "In", values: ["node-1"] }] };
    await box.client.resource(resources.persistentvolumes).create({
      metadata: { name: `${namespace}-${name}` },
      spec: {
        ...shared,
        capacity: { storage: "1Mi" },
        claimRef: { namespace, name, uid: metadata.uid },
        local: { path },
        nodeAffinity: { required: { nodeSelectorTerms: [term] } },
      },
    });
    await eventually(
      () => claims.get({ namespace, name }),
      ({ status }) => status?.phase === "Bound",
    );
  }

  const withDevice = (name: string, script: string, claimName: string) =>
    boxPod(
      name,
      script,
      { volumeDevices: [{ name: "v", devicePath: "/dev/xvda" }] },
      { volumes: [{ name: "v", persistentVolumeClaim: { claimName } }] },
    );

  test("a container reads and writes a local block volume as a device", async () => {
    const namespace = await box.namespace();
    await claim(namespace, "disk", device);
    const script =
      "head -c 22 /dev/xvda; printf 'written by the pod' | dd of=/dev/xvda conv=notrunc 2>&1; exec sleep 1000";
    await box.create(namespace, withDevice("p", script, "disk"));
    const pod = await box.podUntil(namespace, "p", isReady);
    await eventually(
      () => box.exec(pod, "c", "head", "-c", "18", "/dev/xvda"),
      (text) => text === "written by the pod",
    );
    expect(await box.log(pod, "c")).toContain("written by the machine");
    expect(await box.exec(pod, "c", "sh", "-c", "test -b /dev/xvda && echo block")).toBe("block\n");
    await box.delete(namespace, "p");
    await box.podGone(namespace, "p");
    expect(box.podFolders).toEqual([]);
  });

  test("a local block volume that is no device is told as an event of its own", async () => {
    const namespace = await box.namespace();
    await claim(namespace, "folder", folder);
    await box.create(namespace, withDevice("p", "exec sleep 1000", "folder"));
    const message = `path "${folder}" is not a block device`;
    await eventually(
      () => box.events(namespace, "p"),
      (events) =>
        events.includes(`FailedMapVolume: MapVolume.SetUpDevice failed for volume "${namespace}-folder" : ${message}`),
    );
    await box.delete(namespace, "p");
    await box.podGone(namespace, "p");
  });
});
