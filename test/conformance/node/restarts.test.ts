import { afterEach, expect, test } from "vitest";
import { box, podOf, type TestCluster, testCluster } from "../../../src/kubelet/testing/cluster-suite.ts";

// In virtual time: five restarts take minutes of back-off.
let cluster: TestCluster;
afterEach(() => cluster.stop());

test("Pod liveness probe, using http endpoint, multiple restarts (slow)", async () => {
  cluster = await testCluster();
  const livenessProbe = { httpGet: { path: "/healthz", port: 8080 }, initialDelaySeconds: 10, failureThreshold: 1 };
  const draft = podOf("p", { containers: [box("c", "sleep 100000", { livenessProbe })] });
  const annotations = { "sampan.dev/liveness": "fail" };
  await cluster.run({ ...draft, metadata: { ...draft.metadata, annotations } });
  const counts: number[] = [];
  for (let i = 0; i < 300; i++) {
    await cluster.seconds(1);
    counts.push((await cluster.pod("p")).status?.containerStatuses?.[0]?.restartCount ?? 0);
  }
  expect(counts).toEqual([...counts].sort((a, b) => a - b));
  expect([...new Set(counts)].slice(0, 6)).toEqual([0, 1, 2, 3, 4, 5]);
  // Each time some 11 s until the first probe fails, then 0, 10, 20, 40 and 80 s of back-off.
  const at = [1, 2, 3, 4, 5].map((count) => counts.indexOf(count));
  expect(at.map((second, i) => second - (at[i - 1] ?? 0))).toEqual([11, 22, 32, 52, 92]);
});
