import { expect, test } from "vitest";
import type { Pod } from "../../../api/types/index.ts";
import { testHost } from "../../../host/index.ts";
import type { NamedVolumeUsage } from "../../volumes/index.ts";
import type { ServedNode } from "../served-node.ts";
import { kubeletMetrics } from "./kubelet-metrics.ts";
import { statsSummary } from "./summary.ts";

const pod = (name: string): Pod =>
  ({
    metadata: { name, namespace: "shop", uid: `uid-${name}` },
    status: { phase: "Running", startTime: "2026-01-01T00:00:00Z" },
  }) as Pod;
const measured = { capacityBytes: 100, availableBytes: 60, usedBytes: 40, inodes: 10, inodesFree: 7, inodesUsed: 3 };

/** A node whose runtime tells nothing: only volumes count here. */
function nodeWith(usage: Readonly<Record<string, readonly NamedVolumeUsage[]>>): ServedNode {
  const runtime = { listPodSandbox: async () => [], listContainers: async () => [], imageFsInfo: async () => [] };
  return {
    name: "n",
    host: testHost(),
    runtime,
    pods: () => Object.keys(usage).map((name) => ({ pod: pod(name) })),
    usage: {
      machine: async () => undefined,
      listContainerStats: async () => [],
      volumes: async ({ metadata }: Pod) => usage[metadata.name ?? ""] ?? [],
    },
  } as unknown as ServedNode;
}

test("/stats/summary tells what the volumes of pods hold, and which claim they come from", async () => {
  const node = nodeWith({
    web: [
      { name: "cache", ...measured },
      { name: "data", claimName: "data-0", ...measured },
    ],
    bare: [],
  });
  const { pods } = (await statsSummary(node, false)) as { pods: readonly object[] };
  expect(pods).toMatchObject([
    {
      podRef: { name: "web" },
      volume: [
        { name: "cache", time: expect.any(String), ...measured },
        { name: "data", ...measured, pvcRef: { name: "data-0", namespace: "shop" } },
      ],
    },
    { podRef: { name: "bare" } },
  ]);
  expect(pods[1]).not.toHaveProperty("volume");
  expect(JSON.stringify(await statsSummary(node, true))).not.toContain("cache");
});

test("/metrics counts each claim once, and no volumes without a claim", async () => {
  const data = { name: "data", claimName: "data-0", ...measured };
  const text = await kubeletMetrics(nodeWith({ a: [data, { name: "cache", ...measured }], b: [data] }));
  const lines = text.split("\n").filter((line) => line.startsWith("kubelet_volume_stats"));
  const labels = '{namespace="shop",persistentvolumeclaim="data-0"}';
  expect(lines).toEqual([
    `kubelet_volume_stats_available_bytes${labels} 60`,
    `kubelet_volume_stats_capacity_bytes${labels} 100`,
    `kubelet_volume_stats_inodes${labels} 10`,
    `kubelet_volume_stats_inodes_free${labels} 7`,
    `kubelet_volume_stats_inodes_used${labels} 3`,
    `kubelet_volume_stats_used_bytes${labels} 40`,
  ]);
});
