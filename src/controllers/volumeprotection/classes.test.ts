import { afterEach, expect, test } from "vitest";
import { resources } from "../../client/index.ts";
import { type TestCluster, testCluster } from "../test-cluster.ts";

let cluster: TestCluster;
afterEach(() => cluster.stop());

test("a class of volume attributes is held as long as a claim names it", async () => {
  cluster = await testCluster(["volumeattributesclass-protection-controller"]);
  const classes = cluster.client.resource(resources.volumeattributesclasses);
  await classes.create({ metadata: { name: "fast" }, driverName: "d", parameters: { iops: "1" } });
  await cluster.client.resource(resources.persistentvolumeclaims).create({
    metadata: { namespace: "default", name: "c" },
    spec: {
      accessModes: ["ReadWriteOnce"],
      resources: { requests: { storage: "1Gi" } },
      volumeAttributesClassName: "fast",
    },
  });
  await cluster.settle();
  await classes.delete({ name: "fast" });
  await cluster.settle();
  const [held] = await cluster.all(resources.volumeattributesclasses);
  expect(held?.metadata.finalizers).toEqual(["kubernetes.io/vac-protection"]);
  await cluster.client.resource(resources.persistentvolumeclaims).delete({ namespace: "default", name: "c" });
  await cluster.settle();
  expect(await cluster.all(resources.volumeattributesclasses)).toEqual([]);
});
