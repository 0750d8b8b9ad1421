import { labelSelectorAsSelector, matches } from "../../api/meta/index.ts";
import { isTolerated, matchesNodeSelectorTerm } from "../../api/placement/index.ts";
import type { NodeSelectorRequirement, NodeSelectorTerm, Taint } from "../../api/types/index.ts";
import type { ClusterState } from "../cluster-state.ts";
import type { NodeInfo } from "../node-info.ts";
import { type PodInfo, withLabelKeys } from "../pod-info.ts";
import { amountText } from "./amounts.ts";

/** By how much a node misses, and what would have to change so that it does not. */
export interface Detail {
  readonly text: string;
  readonly change: string;
}

type Explainer = (pod: PodInfo, node: NodeInfo, cluster: ClusterState) => readonly Detail[];

/** What the default filters' refusals are about, worked out only for those who ask. A filter that is not here has its reasons alone. */
export const detailsOf: Readonly<Record<string, Explainer>> = {
  NodeResourcesFit: shortages,
  TaintToleration: taints,
  NodeAffinity: affinity,
  NodeUnschedulable: () => [{ text: "cordoned", change: "uncordon the node" }],
  NodePorts: ports,
  PodTopologySpread: spreading,
  InterPodAffinity: neighbours,
};

function shortages({ requests }: PodInfo, node: NodeInfo): Detail[] {
  const { allocatable, requested } = node;
  const found: Detail[] = [];
  if (node.pods.size + 1 > node.allowedPods) {
    const text = `${node.pods.size} pods of ${node.allowedPods}`;
    found.push({ text, change: "remove a pod from the node, or raise its limit of pods" });
  }
  const check = (resource: string, wanted: number, total: number, used: number) => {
    const free = total - used;
    if (wanted === 0 || wanted <= free) return;
    const amount = (value: number) => amountText(resource, value);
    const text = `short of ${amount(wanted - free)} ${resource} (asks ${amount(wanted)}, ${amount(free)} free of ${amount(total)})`;
    const fits = free > 0 ? `ask for at most ${amount(free)} ${resource}` : `ask for no ${resource}`;
    const change =
      wanted > total
        ? `${fits}, or add a node with more ${resource}`
        : `${fits}, or free ${amount(wanted - free)} ${resource}`;
    found.push({ text, change });
  };
  check("cpu", requests.cpuMilli, allocatable.cpuMilli, requested.cpuMilli);
  check("memory", requests.memoryBytes, allocatable.memoryBytes, requested.memoryBytes);
  check("ephemeral-storage", requests.ephemeralBytes, allocatable.ephemeralBytes, requested.ephemeralBytes);
  for (const [resource, wanted] of requests.others ?? []) {
    check(resource, wanted, allocatable.others?.get(resource) ?? 0, requested.others?.get(resource) ?? 0);
  }
  return found;
}

function taints({ pod }: PodInfo, { node }: NodeInfo): Detail[] {
  const hard = node?.spec?.taints?.filter(
    (taint) => taint.effect !== "PreferNoSchedule" && !isTolerated(taint, pod.spec?.tolerations),
  );
  return (hard ?? []).map((taint) => {
    const text = taintText(taint);
    return { text: `taint ${text}`, change: `tolerate ${text}, or remove the taint` };
  });
}

function taintText({ key, value, effect }: Taint): string {
  return `${key}${value ? `=${value}` : ""}:${effect}`;
}

function affinity({ pod }: PodInfo, node: NodeInfo): Detail[] {
  const found: Detail[] = [];
  for (const [key, wanted] of Object.entries(pod.spec?.nodeSelector ?? {})) {
    if (node.labels[key] !== wanted) found.push(missingLabel(key, wanted, node));
  }
  const terms = pod.spec?.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms;
  if (terms !== undefined && !terms.some((term) => matchesNodeSelectorTerm(term, node))) {
    const text = `affinity demands ${terms.map(termText).join(" or ")}`;
    found.push({ text, change: "label the node so that a term matches, or change the pod's node affinity" });
  }
  return found;
}

function missingLabel(key: string, wanted: string, { labels }: NodeInfo): Detail {
  const has = labels[key];
  const text = has === undefined ? `no label ${key} (selector wants ${wanted})` : `${key}=${has}, not ${wanted}`;
  return { text, change: `label the node ${key}=${wanted}, or change the pod's nodeSelector` };
}

function termText({ matchExpressions = [], matchFields = [] }: NodeSelectorTerm): string {
  return `(${[...matchExpressions, ...matchFields].map(requirementText).join(" and ")})`;
}

function requirementText({ key, operator, values = [] }: NodeSelectorRequirement): string {
  return values.length === 0 ? `${key} ${operator}` : `${key} ${operator} ${values.join(",")}`;
}

function ports({ hostPorts }: PodInfo, node: NodeInfo): Detail[] {
  return hostPorts
    .filter(({ protocol, ip, port }) => node.portInUse(protocol, ip, port))
    .map(({ protocol, port }) => {
      const holders = [...node.pods.values()]
        .filter((other) => other.hostPorts.some((held) => held.port === port && held.protocol === protocol))
        .map(({ key }) => key);
      const text = `port ${port}/${protocol} held by ${holders.join(", ")}`;
      return { text, change: `use another host port than ${port}, or remove ${holders.join(", ")}` };
    });
}

/** Counted anew over all pods: slow, and right whatever the plugin remembers. */
function spreading(info: PodInfo, node: NodeInfo, cluster: ClusterState): Detail[] {
  const hard = info.pod.spec?.topologySpreadConstraints?.filter((c) => c.whenUnsatisfiable === "DoNotSchedule") ?? [];
  return hard.flatMap((constraint): Detail[] => {
    const { topologyKey, maxSkew } = constraint;
    const domain = node.labels[topologyKey];
    if (domain === undefined) {
      return [{ text: `no label ${topologyKey}`, change: `label the node with ${topologyKey}` }];
    }
    const selector = withLabelKeys(
      labelSelectorAsSelector(constraint.labelSelector),
      info.pod,
      constraint.matchLabelKeys,
    );
    const counts = new Map<string, number>();
    for (const { labels, pods } of cluster.nodes()) {
      const value = labels[topologyKey];
      if (value === undefined) continue;
      const matching = [...pods.values()].filter(
        (other) => other.namespace === info.namespace && matches(selector, other.labels),
      );
      counts.set(value, (counts.get(value) ?? 0) + matching.length);
    }
    const here = counts.get(domain) ?? 0;
    const least = Math.min(...counts.values());
    if (here + 1 - least <= maxSkew) return [];
    const text = `${topologyKey}=${domain} has ${here} such pods, the emptiest domain ${least} (maxSkew ${maxSkew})`;
    return [{ text, change: `make room in a domain with ${least}, or raise maxSkew to ${here + 1 - least}` }];
  });
}

function neighbours(info: PodInfo, node: NodeInfo, cluster: ClusterState): Detail[] {
  const found: Detail[] = [];
  const inDomain = (topologyKey: string) =>
    cluster.nodes().filter((other) => other.labels[topologyKey] === node.labels[topologyKey]);
  for (const { topologyKey, selector, namespaces } of info.requiredAntiAffinity) {
    if (node.labels[topologyKey] === undefined) continue;
    const there = inDomain(topologyKey).flatMap(({ pods }) => [...pods.values()]);
    const met = there.find((other) => namespaces.has(other.namespace) && matches(selector, other.labels));
    if (!met) continue;
    const text = `${met.key} is in ${topologyKey}=${node.labels[topologyKey]}, which the pod avoids`;
    found.push({ text, change: `move ${met.key}, or relax the pod's anti-affinity` });
  }
  for (const other of inDomain("kubernetes.io/hostname").flatMap(({ pods }) => [...pods.values()])) {
    const avoids = other.requiredAntiAffinity.some(
      ({ selector, namespaces }) => namespaces.has(info.namespace) && matches(selector, info.labels),
    );
    if (avoids) found.push({ text: `${other.key} avoids such pods`, change: `move ${other.key}` });
  }
  if (info.requiredAffinity.length > 0 && found.length === 0) {
    const keys = info.requiredAffinity.map(({ topologyKey }) => topologyKey).join(", ");
    found.push({
      text: `no pod that it must be near to in the node's ${keys}`,
      change: "start the pods that it wants to be near to, or relax its affinity",
    });
  }
  return found;
}
