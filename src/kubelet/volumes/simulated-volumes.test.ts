import { afterEach, expect, test } from "vitest";
import { resources } from "../../client/index.ts";
import { box, podOf, type TestCluster, testCluster } from "../testing/cluster-suite.ts";

let cluster: TestCluster;
afterEach(() => cluster.stop());

test("a pod on a node starts when its claims are bound, and says until then why it does not", async () => {
  cluster = await testCluster();
  const volumes = [{ name: "v", persistentVolumeClaim: { claimName: "c" } }];
  const isRunning = async () => (await cluster.pod("p")).status?.phase === "Running";
  await cluster.run(
    podOf("p", { containers: [box("a", "sleep 1000", { volumeMounts: [{ name: "v", mountPath: "/v" }] })], volumes }),
  );
  await cluster.seconds(1);
  expect(await isRunning()).toBe(false);
  const claims = cluster.client.resource(resources.persistentvolumeclaims);
  const made = await claims.create({
    metadata: { name: "c", namespace: "default" },
    spec: { accessModes: ["ReadWriteOnce"], resources: { requests: { storage: "1Gi" } }, volumeName: "volume" },
  });
  await cluster.seconds(12);
  expect(await isRunning()).toBe(false);
  await claims.updateStatus({ ...made, status: { phase: "Bound" } });
  await cluster.seconds(12);
  expect(await isRunning()).toBe(true);
  const which = "unmounted volumes=[v], unattached volumes=[], failed to process volumes=[v]";
  const why = `FailedMount: Unable to attach or mount volumes: ${which}: error processing PVC default/c`;
  expect((await cluster.events("p")).slice(0, 2)).toEqual([
    expect.stringContaining(`${why}: failed to fetch PVC from API server: persistentvolumeclaims "c" not found`),
    expect.stringContaining(`${why}: PVC is not bound`),
  ]);
});
