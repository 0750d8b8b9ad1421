import type { FitError } from "./framework.ts";

/** `0/5 nodes are available: 2 Insufficient cpu, 3 node(s) were unschedulable.` and what the attempts to help said. */
export function fitMessage(fit: FitError, afterwards: readonly string[]): string {
  const counted = new Map<string, number>();
  for (const { reasons } of fit.nodes.values()) {
    for (const reason of reasons) counted.set(reason, (counted.get(reason) ?? 0) + 1);
  }
  const parts = fit.pod ? [...fit.pod.reasons] : sortedCounts(counted);
  const why = fit.nodesTotal === 0 ? "no nodes available to schedule pods" : undefined;
  const body = why ?? `0/${fit.nodesTotal} nodes are available${parts.length > 0 ? `: ${parts.join(", ")}.` : ""}`;
  return afterwards.length > 0 && !why ? `${body} ${afterwards.join(", ")}` : body;
}

/** Each reason with the number of nodes before it, sorted as text: the original's order. */
export function sortedCounts(counts: ReadonlyMap<string, number>): string[] {
  return [...counts].map(([reason, count]) => `${count} ${reason}`).sort();
}

/** The plugins that refused the pod, for the queue's hints. */
export function refusingPlugins(fit: FitError): Set<string> {
  const plugins = new Set<string>();
  if (fit.pod) plugins.add(fit.pod.plugin);
  for (const { plugin } of fit.nodes.values()) plugins.add(plugin);
  return plugins;
}
