import { afterEach, expect, test } from "vitest";
import { resources } from "../../client/index.ts";
import { type TestCluster, testCluster } from "../test-cluster.ts";

let cluster: TestCluster;
afterEach(() => cluster.stop());

const key = { namespace: "default", name: "kube-root-ca.crt" };
const published = () => cluster.one(resources.configmaps, "kube-root-ca.crt");

test("every namespace gets the authority's certificate, again when it is changed or deleted", async () => {
  cluster = await testCluster(["root-ca-certificate-publisher-controller"], { rootCA: "PEM" });
  const configMaps = cluster.client.resource(resources.configmaps);
  expect((await published()).data).toEqual({ "ca.crt": "PEM" });
  await configMaps.patch(key, "merge", { data: { "ca.crt": "", other: "x" } });
  await cluster.settle();
  expect((await published()).data).toEqual({ "ca.crt": "PEM" });
  await configMaps.delete(key);
  await cluster.settle();
  expect((await published()).data).toEqual({ "ca.crt": "PEM" });
});

test("annotations of others stay, and so does another description", async () => {
  cluster = await testCluster(["root-ca-certificate-publisher-controller"], { rootCA: "PEM" });
  const annotations = { mine: "yes", "kubernetes.io/description": "our own" };
  const configMaps = cluster.client.resource(resources.configmaps);
  await configMaps.patch(key, "merge", { metadata: { annotations } });
  await cluster.settle();
  expect((await published()).metadata.annotations).toEqual(annotations);
  await configMaps.patch(key, "merge", { data: { "ca.crt": "" } });
  await cluster.settle();
  expect((await published()).metadata.annotations?.mine).toBe("yes");
});
