import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { createClient } from "../../src/client/index.ts";
import { silentLogger, systemHost } from "../../src/host/index.ts";
import { startRealKubelet } from "../../src/kubelet/index.ts";
import { containerdNeeds, containerIdOf, isReady, RealNodeBox } from "../support/containerd/index.ts";
import { eventually } from "../support/eventually.ts";
import { missing } from "../support/requires.ts";

const reason = missing(containerdNeeds);
const image = "docker.io/library/busybox:latest";

let box: RealNodeBox;
let folder: string;

function write(script: string): void {
  const manifest = {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name: "web" },
    spec: {
      hostNetwork: true,
      terminationGracePeriodSeconds: 0,
      containers: [{ name: "c", image, imagePullPolicy: "Never", command: ["sh", "-c", script] }],
    },
  };
  writeFileSync(join(folder, "web.yaml"), JSON.stringify(manifest));
}

describe.skipIf(reason !== undefined)(`static pods in real containers${reason ? ` (${reason})` : ""}`, () => {
  let nodeName: string;
  const name = () => `web-${nodeName}`;
  const containers = () => box.kubelet.node.runtime.listContainers({ state: "running" });

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "sampan-static-"));
    box = await RealNodeBox.start({ podManifestPath: folder });
    nodeName = (await box.node()).metadata.name ?? "";
  });
  afterAll(async () => {
    await box?.stop();
    rmSync(folder, { recursive: true, force: true });
  });
  beforeEach(() => mkdirSync(folder, { recursive: true }));
  afterEach(async () => {
    rmSync(join(folder, "web.yaml"), { force: true });
    await box.podGone("default", name());
  });

  test("a manifest's pod survives its mirror and its kubelet, and goes with its manifest", async () => {
    write("sleep 1000");
    const first = await box.podUntil("default", name(), isReady);
    const id = containerIdOf(first, "c");
    await box.delete("default", name());
    const second = await box.podUntil(
      "default",
      name(),
      (pod) => pod.metadata.uid !== first.metadata.uid && isReady(pod),
    );
    expect(containerIdOf(second, "c")).toBe(id);
    await box.stopKubelet();
    await box.startKubelet();
    await eventually(containers, (all) => all.some((one) => one.id === id));
    const third = await box.podUntil("default", name(), isReady);
    expect([third.metadata.uid, containerIdOf(third, "c")]).toEqual([second.metadata.uid, id]);
    rmSync(join(folder, "web.yaml"));
    await box.podGone("default", name());
    expect(await containers()).toEqual([]);
    expect(box.podFolders).toEqual([]);
  });

  test("a changed manifest ends the old pod before the new one starts", async () => {
    write("sleep 1000");
    const first = await box.podUntil("default", name(), isReady);
    write("sleep 2000");
    await box.podUntil("default", name(), (pod) => pod.metadata.uid !== first.metadata.uid && isReady(pod));
    expect(await containers()).toHaveLength(1);
  });

  test("a node without an API server runs its static pods", async () => {
    await box.stopKubelet();
    write("sleep 3000");
    const away = () => Promise.reject(new Error("the API server is away"));
    const kubelet = await startRealKubelet({
      client: createClient({ request: away, watch: away } as never),
      host: { ...systemHost(), log: silentLogger },
      node: { name: nodeName, ip: "127.0.0.1" },
      containerRuntimeEndpoint: box.containerd.endpoint,
      rootDir: box.rootDir,
      podLogsDir: box.logsDir,
      containerLogsDir: box.linksDir,
      network: false,
      podManifestPath: folder,
    });
    try {
      await eventually(
        () => kubelet.node.runtime.listContainers({ state: "running" }),
        ({ length }) => length === 1,
      );
    } finally {
      await kubelet.stop();
    }
    await box.startKubelet();
    await box.podUntil("default", name(), isReady);
  });
});
