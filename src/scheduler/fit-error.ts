import type { FitError } from "./framework.ts";
import { refusalCounts } from "./refused-nodes.ts";

/** `0/5 nodes are available: 2 Insufficient cpu, 3 node(s) were unschedulable.` and what the attempts to help said. */
export function fitMessage(fit: FitError, afterwards: string): string {
  if (fit.nodesTotal === 0) return "no nodes available to schedule pods";
  const parts = fit.pod ? fit.pod.reasons : sortedCounts(reasonCounts(fit));
  const body = `0/${fit.nodesTotal} nodes are available:${parts.length > 0 ? ` ${parts.join(", ")}.` : ""}`;
  return afterwards === "" ? body : `${body} ${afterwards}`;
}

function reasonCounts({ nodes, others, nodesTotal }: FitError): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  const count = (reason: string, by: number) => counts.set(reason, (counts.get(reason) ?? 0) + by);
  for (const [{ reasons }, by] of refusalCounts(nodes)) for (const reason of reasons) count(reason, by);
  const rest = nodesTotal - nodes.size;
  if (rest > 0) for (const reason of others?.reasons ?? []) count(reason, rest);
  return counts;
}

/** Each reason with the number of nodes before it, sorted as text: the original's order. */
export function sortedCounts(counts: ReadonlyMap<string, number>): string[] {
  return [...counts].map(([reason, count]) => `${count} ${reason}`).sort();
}

/** The plugins that refused the pod, for the queue's hints. */
export function refusingPlugins(fit: FitError): Set<string> {
  const plugins = new Set<string>();
  if (fit.pod) plugins.add(fit.pod.plugin);
  if (fit.others) plugins.add(fit.others.plugin);
  for (const { plugin } of refusalCounts(fit.nodes).keys()) plugins.add(plugin);
  return plugins;
}
