import { expect, test } from "vitest";
import { builtinKinds, createKindRegistry } from "../api/kinds/index.ts";
import { parseQuantity } from "../api/meta/index.ts";
import type { StorageClass } from "../api/types/index.ts";
import { createApiHandler } from "../apiserver/handlers/index.ts";
import { createClient, createInformerFactory, directTransport, resources } from "../client/index.ts";
import { testHost } from "../host/index.ts";
import { createMemoryStore } from "../store/index.ts";
import { createVolumeReader } from "./volume-reader.ts";

test("there is room where the driver says so; without its word there is room everywhere", async () => {
  const host = testHost();
  const handler = createApiHandler({ host, store: createMemoryStore(host), kinds: createKindRegistry(builtinKinds()) });
  const user = { name: "admin", groups: ["system:masters"] };
  const client = createClient(directTransport(handler, { user, userAgent: "test" }));
  await client.resource(resources.namespaces).create({ metadata: { name: "default" }, spec: {} });
  for (const name of ["tells", "silent"]) {
    const spec = { storageCapacity: name === "tells" };
    await client.resource(resources.csidrivers).create({ metadata: { name }, spec });
  }
  for (const [zone, capacity] of [
    ["1", "10Gi"],
    ["2", "1Gi"],
  ] as const) {
    await client.resource(resources.csistoragecapacities).create({
      metadata: { name: `zone-${zone}`, namespace: "default" },
      storageClassName: "tells",
      capacity,
      nodeTopology: { matchLabels: { zone } },
    });
  }
  const informers = createInformerFactory(client, host);
  const reader = createVolumeReader(informers);
  informers.start();
  await informers.whenSynced();
  const ofClass = (name: string): StorageClass => ({
    apiVersion: "storage.k8s.io/v1",
    kind: "StorageClass",
    metadata: { name },
    provisioner: name,
  });
  const hasRoom = (name: string, zone: string) => reader.hasRoom(ofClass(name), parseQuantity("5Gi"), { zone });
  expect([hasRoom("tells", "1"), hasRoom("tells", "2"), hasRoom("tells", "3")]).toEqual([true, false, false]);
  expect([hasRoom("silent", "3"), hasRoom("unknown", "3")]).toEqual([true, true]);
  informers.stop();
});
