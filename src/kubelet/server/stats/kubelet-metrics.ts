import { podUid } from "../../pod-worker/index.ts";
import type { ServedNode } from "../served-node.ts";
import { family } from "./exposition.ts";

/** `/metrics`: what the process counts, and what runs on the node. */
export async function kubeletMetrics({ host, name, runtime }: ServedNode): Promise<string> {
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
  ].join("");
}

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
