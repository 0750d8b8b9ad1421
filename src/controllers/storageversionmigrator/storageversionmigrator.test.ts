import { afterEach, expect, test } from "vitest";
import { resources } from "../../client/index.ts";
import { type TestCluster, testCluster } from "../test-cluster.ts";

let cluster: TestCluster;
afterEach(() => cluster.stop());

const migrations = {
  group: "storagemigration.k8s.io",
  version: "v1beta1",
  resource: "storageversionmigrations",
  kind: "StorageVersionMigration",
  namespaced: false,
};

async function migrate(name: string, resource: { group: string; resource: string }) {
  const writer = cluster.client.resource(migrations);
  await writer.create({ metadata: { name }, spec: { resource } } as never);
  await cluster.settle();
  const { status } = (await writer.get({ name })) as { status?: { conditions?: { type: string; status: string }[] } };
  return status?.conditions?.map(({ type, status: is }) => `${type}=${is}`);
}

test("every object of the resource is written once, and the migration says that it is over", async () => {
  cluster = await testCluster(["storage-version-migrator-controller"]);
  for (const name of ["a", "b"]) {
    await cluster.client.resource(resources.configmaps).create({ metadata: { namespace: "default", name } });
  }
  expect(await migrate("m", { group: "", resource: "configmaps" })).toEqual(["Running=False", "Succeeded=True"]);
  expect(cluster.writes().filter((line) => line.includes("configmaps"))).toEqual([
    "patch configmaps a",
    "patch configmaps b",
  ]);
  await cluster.settle(60_000);
  expect(cluster.writes()).toEqual([]);
});

test("a resource that there is not cannot be migrated", async () => {
  cluster = await testCluster(["storage-version-migrator-controller"]);
  expect(await migrate("m", { group: "example.com", resource: "things" })).toEqual(["Failed=True"]);
});
