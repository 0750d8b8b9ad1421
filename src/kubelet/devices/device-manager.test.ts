import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import { systemHost, testHost } from "../../host/index.ts";
import { openSocket } from "../plugin-sockets/index.ts";
import { devicePluginDescriptor } from "./descriptors.ts";
import { DeviceManager } from "./device-manager.ts";

const folders: string[] = [];
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true });
});

async function open(name: string) {
  const folder = mkdtempSync(join(tmpdir(), "sampan-devices-"));
  folders.push(folder);
  const host = testHost();
  const rootDir = join(folder, name);
  return { rootDir, manager: await DeviceManager.open({ host, rootDir, pods: () => [] }) };
}

test("a folder whose name is too long for a socket does not keep a node from starting", async () => {
  const { manager } = await open("a".repeat(120));
  expect(manager.facts()).toEqual({ capacity: {}, allocatable: {} });
  manager.stop();
});

test("a file of allocations that was damaged does not keep a node from starting", async () => {
  const { rootDir, manager } = await open("kubelet");
  manager.stop();
  writeFileSync(join(rootDir, "device-plugins", "allocations.json"), "{");
  const again = await DeviceManager.open({ host: testHost(), rootDir, pods: () => [] });
  expect(again.facts()).toEqual({ capacity: {}, allocatable: {} });
  again.stop();
});

test.each([
  ["another version", { version: "v1alpha" }, 'requested API version "v1alpha" is not supported by kubelet'],
  [
    "a resource of the project's own",
    { resourceName: "kubernetes.io/x" },
    'the ResourceName "kubernetes.io/x" is invalid',
  ],
  ["a resource without a domain", { resourceName: "cpu" }, 'the ResourceName "cpu" is invalid'],
])("a plugin of %s is refused, and told why", async (_, changed, message) => {
  const { rootDir, manager } = await open("kubelet");
  const path = join(rootDir, "device-plugins", "kubelet.sock");
  const socket = await openSocket(path, devicePluginDescriptor, "v1beta1.Registration", systemHost().clock);
  const request = { version: "v1beta1", endpoint: "x.sock", resourceName: "example.com/x", ...changed };
  await expect(socket.call("Register", request)).rejects.toThrow(message);
  socket.close();
  manager.stop();
});
