import { podUid } from "../../pod-worker/index.ts";
import type { VolumeUsage } from "../../volumes/index.ts";
import type { ServedNode } from "../served-node.ts";
import { family, type Labels } from "./exposition.ts";

/** `/metrics`: what the process counts, and what runs on the node. */
export async function kubeletMetrics(node: ServedNode): Promise<string> {
  const { host, name, runtime } = node;
  const [own, sandboxes, containers] = await Promise.all([
    host.metrics.render(),
    runtime.listPodSandbox({ state: "ready" }),
    runtime.listContainers(),
  ]);
  const byState = [...Map.groupBy(containers, ({ state }) => state)];
  return [
    own,
    family("kubelet_node_name", "gauge", "The node's name. The count is always 1.", [
      { labels: { node: name }, value: 1 },
    ]),
    family(
      "kubelet_running_containers",
      "gauge",
      "Number of containers currently running",
      byState.map(([state, all]) => ({ labels: { container_state: state }, value: all.length })),
    ),
    family("kubelet_running_pods", "gauge", "Number of pods that have a running pod sandbox", [
      { labels: {}, value: sandboxes.length },
    ]),
    ...(await volumeMetrics(node)),
  ].join("");
}

/** Of claims only, each once however many pods have it. */
async function volumeMetrics(node: ServedNode): Promise<string[]> {
  const { usage } = node;
  if (usage === undefined) return [];
  const byClaim = new Map<string, { readonly labels: Labels; readonly usage: VolumeUsage }>();
  for (const { pod } of node.pods()) {
    const { namespace = "" } = pod.metadata;
    for (const one of await usage.volumes(pod)) {
      if (one.claimName === undefined) continue;
      const labels = { namespace, persistentvolumeclaim: one.claimName };
      byClaim.set(`${namespace}/${one.claimName}`, { labels, usage: one });
    }
  }
  return volumeFamilies.map(([name, help, field]) => {
    const samples = [...byClaim.values()].flatMap(({ labels, usage: { [field]: value } }) =>
      value === undefined ? [] : [{ labels, value }],
    );
    return family(`kubelet_volume_stats_${name}`, "gauge", help, samples);
  });
}

const volumeFamilies = [
  ["available_bytes", "Number of available bytes in the volume", "availableBytes"],
  ["capacity_bytes", "Capacity in bytes of the volume", "capacityBytes"],
  ["inodes", "Maximum number of inodes in the volume", "inodes"],
  ["inodes_free", "Number of free inodes in the volume", "inodesFree"],
  ["inodes_used", "Number of used inodes in the volume", "inodesUsed"],
  ["used_bytes", "Number of used bytes in the volume", "usedBytes"],
] as const;

const results = { success: "successful", failure: "failed", unknown: "unknown" } as const;
const types = { liveness: "Liveness", readiness: "Readiness", startup: "Startup" } as const;

/** `/metrics/probes` */
export function probeMetrics(node: ServedNode): string {
  const uids = new Set([...node.pods()].map(({ pod }) => podUid(pod)));
  const counts = node.probes?.read(uids) ?? [];
  const help = "Cumulative number of a liveness, readiness or startup probe for a container by result.";
  return family(
    "prober_probe_total",
    "counter",
    help,
    counts.map(({ kind, result, container, namespace, pod, podUid: uid, count }) => ({
      labels: { container, namespace, pod, pod_uid: uid, probe_type: types[kind], result: results[result] },
      value: count,
    })),
  );
}
