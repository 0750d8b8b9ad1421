import { afterEach, expect, test } from "vitest";
import { resources } from "../../client/index.ts";
import { type TestCluster, testCluster } from "../test-cluster.ts";

let cluster: TestCluster;
afterEach(() => cluster.stop());

async function start() {
  cluster = await testCluster(
    ["namespace-controller", "serviceaccount-controller", "root-ca-certificate-publisher-controller"],
    {
      rootCA: "PEM",
    },
  );
  await cluster.client
    .resource(resources.namespaces)
    .create({ metadata: { name: "team" }, spec: { finalizers: ["kubernetes"] } });
  await cluster.settle();
}

test("a new namespace gets its service account and the root certificate, once", async () => {
  await start();
  const accounts = (await cluster.all(resources.serviceaccounts)).map(
    ({ metadata }) => `${metadata.namespace}/${metadata.name}`,
  );
  expect(accounts).toEqual(["default/default", "team/default"]);
  const [, published] = await cluster.all(resources.configmaps);
  expect(published).toMatchObject({
    metadata: { namespace: "team", name: "kube-root-ca.crt" },
    data: { "ca.crt": "PEM" },
  });
  cluster.writes();
  await cluster.settle(60_000);
  expect(cluster.writes()).toEqual([]);
});

test("what publishes itself comes back when it is deleted", async () => {
  await start();
  await cluster.client.resource(resources.configmaps).delete({ namespace: "team", name: "kube-root-ca.crt" });
  await cluster.client.resource(resources.serviceaccounts).delete({ namespace: "team", name: "default" });
  await cluster.settle();
  expect((await cluster.all(resources.configmaps)).length).toBe(2);
  expect((await cluster.all(resources.serviceaccounts)).length).toBe(2);
});

test("deleting a namespace empties it and then lets it go", async () => {
  await start();
  await cluster.client.resource(resources.configmaps).create({ metadata: { namespace: "team", name: "x" } });
  await cluster.client.resource(resources.namespaces).delete({ name: "team" });
  await cluster.settle(2000);
  expect((await cluster.all(resources.namespaces)).map(({ metadata }) => metadata.name)).toEqual(["default"]);
  expect((await cluster.all(resources.configmaps)).every(({ metadata }) => metadata.namespace === "default")).toBe(
    true,
  );
});

test("a namespace waits for finalizers and says so", async () => {
  await start();
  const key = { namespace: "team", name: "held" };
  await cluster.client
    .resource(resources.configmaps)
    .create({ metadata: { ...key, finalizers: ["example.com/hold"] } });
  await cluster.client.resource(resources.namespaces).delete({ name: "team" });
  await cluster.settle(2000);
  const namespace = await cluster.one(resources.namespaces, "team");
  expect(namespace.status?.phase).toBe("Terminating");
  const told = Object.fromEntries(
    (namespace.status?.conditions ?? []).map(({ type, status, message }) => [type, `${status} ${message}`]),
  );
  expect(told).toEqual({
    NamespaceDeletionDiscoveryFailure: "False All resources successfully discovered",
    NamespaceDeletionGroupVersionParsingFailure: "False All legacy kube types successfully parsed",
    NamespaceDeletionContentFailure: "False All content successfully deleted, may be waiting on finalization",
    NamespaceContentRemaining: "True Some resources are remaining: configmaps. has 1 resource instances",
    NamespaceFinalizersRemaining:
      "True Some content in the namespace has finalizers remaining: example.com/hold in 1 resource instances",
  });
  await cluster.client.resource(resources.configmaps).patch(key, "merge", { metadata: { finalizers: null } });
  await cluster.settle(2000);
  expect((await cluster.all(resources.namespaces)).length).toBe(1);
});
