import type { Container, Node, Pod, PodSpec, Taint } from "../../api/types/index.ts";
import { type ClusterReader, ClusterState } from "../cluster-state.ts";
import type { FilterPlugin, ScorePlugin } from "../framework.ts";
import { podInfoOf } from "../pod-info.ts";

/** For table tests of plugins: nodes and pods by what matters of them, and what a plugin says. */
export interface NodeFacts {
  readonly labels?: Record<string, string>;
  readonly taints?: Taint[];
  readonly unschedulable?: boolean;
  readonly allocatable?: Record<string, string>;
  readonly images?: NonNullable<Node["status"]>["images"];
}

export function aNode(name: string, { labels, taints, unschedulable, allocatable, images }: NodeFacts = {}): Node {
  return {
    apiVersion: "v1",
    kind: "Node",
    metadata: { name, labels: { "kubernetes.io/hostname": name, ...labels } },
    spec: { ...(taints && { taints }), ...(unschedulable && { unschedulable }) },
    status: { allocatable: { cpu: "4", memory: "8Gi", pods: "110", ...allocatable }, ...(images && { images }) },
  };
}

export interface PodFacts extends Partial<PodSpec> {
  readonly labels?: Record<string, string>;
  readonly namespace?: string;
  /** Of its only container. */
  readonly requests?: Record<string, string>;
  readonly metadata?: Partial<Pod["metadata"]>;
  readonly status?: Pod["status"];
}

export function aPod(name: string, facts: PodFacts = {}): Pod {
  const { labels, namespace = "default", requests, metadata, status, ...spec } = facts;
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name, namespace, uid: name, ...(labels && { labels }), ...metadata },
    spec: { containers: [aContainer("c", requests)], ...spec },
    ...(status && { status }),
  };
}

export function aContainer(name: string, requests?: Record<string, string>): Container {
  return { name, image: "i", ...(requests && { resources: { requests } }) };
}

const nothingStored = {
  claim: () => undefined,
  volume: () => undefined,
  storageClass: () => undefined,
  csiNode: () => undefined,
  hasRoom: () => true,
  candidates: () => [],
};

/** @param placed pods with the names of their nodes. */
export function clusterOf(
  nodes: readonly Node[],
  placed: readonly (readonly [Pod, string])[] = [],
  reader: Partial<ClusterReader> = {},
): ClusterState {
  const cluster = new ClusterState({
    namespaceLabels: () => noLabels,
    spreadingSelectors: () => [],
    volumes: nothingStored,
    ...reader,
  });
  for (const node of nodes) cluster.setNode(node);
  for (const [pod, node] of placed) cluster.setPod(podInfoOf(pod), node);
  return cluster;
}

const noLabels: Readonly<Record<string, string>> = {};

/** What the filter has against each node, by its name; nothing against those that are left out. */
export function refusals(plugin: FilterPlugin, pod: Pod, cluster: ClusterState): Record<string, string> {
  const prepared = plugin.prepareFilter(podInfoOf(pod), cluster);
  if (prepared === undefined) return {};
  const told: Record<string, string> = {};
  for (const node of cluster.nodes()) {
    const filter = typeof prepared === "function" ? prepared : "only" in prepared ? prepared.filter : undefined;
    const rejection = "rejected" in prepared ? prepared.rejected : filter?.(node);
    if (rejection) told[node.name] = rejection.reasons.join(", ");
  }
  return told;
}

/** The normalized score of each node by its name; undefined when the plugin has no opinion. */
export function scores(plugin: ScorePlugin, pod: Pod, cluster: ClusterState): Record<string, number> | undefined {
  const nodes = cluster.nodes();
  const score = plugin.prepareScore(podInfoOf(pod), nodes, cluster);
  if (!score) return undefined;
  const given = nodes.map(score);
  plugin.normalize?.(given);
  return Object.fromEntries(nodes.map(({ name }, i) => [name, given[i] ?? 0]));
}
