import type { Host } from "../../host/index.ts";
import type { EvictionZones } from "./zones.ts";

/** Publishes the zones' health under the original names; gives what counts the nodes that are emptied. */
export function measureZones({ metrics }: Host, zones: EvictionZones): (zone: string) => void {
  const labels = ["zone"];
  const gauge = (name: string, help: string) => metrics.gauge({ name: `node_collector_${name}`, help, labels });
  const health = gauge("zone_health", "Percent of a zone's nodes that are ready.");
  const size = gauge("zone_size", "Nodes of a zone.");
  const unhealthy = gauge("unhealthy_nodes_in_zone", "Nodes of a zone that are not ready.");
  const help = "Nodes whose pods were driven off.";
  const evictions = metrics.counter({ name: "node_collector_evictions_total", help, labels });
  const known = new Set<string>();
  metrics.beforeRender(() => {
    const gone = new Set(known);
    for (const { id, nodes, unready } of zones.sizes()) {
      known.add(id);
      gone.delete(id);
      health.labels(id).set(((nodes - unready) / nodes) * 100);
      size.labels(id).set(nodes);
      unhealthy.labels(id).set(unready);
    }
    for (const id of gone) {
      known.delete(id);
      for (const metric of [health, size, unhealthy]) metric.remove(id);
    }
  });
  return (zone) => evictions.labels(zone).inc();
}
