import type { Random } from "../../host/index.ts";
import type { ClusterState } from "../cluster-state.ts";
import { defaultPluginArgs } from "../config/plugin-args.ts";
import { prepareFilters, refusedAsWhole } from "../cycle.ts";
import { fitMessage } from "../fit-error.ts";
import type { FitError, NodeFilter, Rejection } from "../framework.ts";
import type { NodeInfo } from "../node-info.ts";
import type { PodInfo } from "../pod-info.ts";
import { bestPreemption, findPreemption } from "../preemption.ts";
import type { Profile } from "../profile.ts";
import { detailsOf } from "./details.ts";

/** Why a filter refuses nodes. */
export interface Refusal {
  readonly filter: string;
  readonly reasons: readonly string[];
  /** By how much, where the filter is one of the default ones. */
  readonly details: readonly string[];
  /** Whether removing other pods could help. */
  readonly resolvable: boolean;
}

/** Nodes that the same filters refuse for the same reasons. */
export interface RefusedNodes {
  readonly nodes: readonly string[];
  /** Of all filters, not only of the first that refused. */
  readonly refusals: readonly Refusal[];
  /** What would have to change so that such a node takes the pod. */
  readonly changes: readonly string[];
}

export interface ScoredNode {
  readonly node: string;
  readonly total: number;
  /** Normalized to 0..100, before the weight, by plugin. */
  readonly scores: Readonly<Record<string, number>>;
}

export interface Explanation {
  /** namespace/name */
  readonly pod: string;
  readonly schedulerName: string;
  readonly state: "pending" | "gated" | "bound";
  /** Of a bound pod. What follows is then worked out anew, as if the pod were not there. */
  readonly node?: string;
  readonly nodesTotal: number;
  /** What the pod's condition would say; absent when a node fits. */
  readonly message?: string;
  /** What holds the pod back before any node is looked at. */
  readonly gates: readonly string[];
  /** Refusals of the pod as a whole. */
  readonly refusals: readonly Refusal[];
  readonly refused: readonly RefusedNodes[];
  /** Weights of the plugins that score. */
  readonly weights: Readonly<Record<string, number>>;
  /** Nodes that fit, best first. */
  readonly fitting: readonly ScoredNode[];
  /** Where preemption would make room, and who would have to go. */
  readonly preemption?: { readonly node: string; readonly victims: readonly string[] };
  /** What one should know about this answer. */
  readonly notes: readonly string[];
}

export interface ExplainOptions {
  readonly profile: Profile;
  readonly cluster: ClusterState;
  readonly random: Random;
  /** Of a bound pod; it must not be counted to the cluster then. */
  readonly boundTo?: string;
}

/** Why a pod is where it is, or nowhere. Looks at every node and asks every filter; changes nothing. */
export function explain(pod: PodInfo, { profile, cluster, random, boundTo }: ExplainOptions): Explanation {
  const nodes = cluster.nodes();
  const gates = boundTo === undefined ? gatesOf(pod, profile) : [];
  const { filters, whole } = prepareAll(pod, profile, cluster);
  const evaluated = whole.length > 0 ? [] : nodes.map((node) => evaluate(node, filters, pod, cluster));
  const fitting = evaluated.filter(({ refusals }) => refusals.length === 0).map(({ node }) => node);
  const prepared = prepareFilters(profile, pod, cluster);
  const rejections = new Map(evaluated.flatMap(({ node, first }) => (first ? [[node.name, first] as const] : [])));
  const fit: FitError =
    "rejected" in prepared
      ? refusedAsWhole(prepared.rejected, cluster)
      : { nodesTotal: nodes.length, nodes: rejections };
  const isRefused = fitting.length === 0 && gates.length === 0;
  const room = isRefused && boundTo === undefined ? roomByPreemption(pod, fit, profile, cluster, random) : undefined;
  return {
    pod: pod.key,
    schedulerName: profile.schedulerName,
    state: boundTo !== undefined ? "bound" : gates.length > 0 ? "gated" : "pending",
    ...(boundTo !== undefined && { node: boundTo }),
    nodesTotal: nodes.length,
    ...(isRefused && { message: fitMessage(fit, "") }),
    gates,
    refusals: whole.map((rejection) => refusalOf(rejection, [])),
    refused: grouped(evaluated),
    weights: Object.fromEntries(profile.scores.map(({ plugin, weight }) => [plugin.name, weight])),
    fitting: scored(pod, fitting, profile, cluster),
    ...(room && { preemption: room }),
    notes: notesFor(boundTo, fitting.length, profile),
  };
}

function gatesOf(pod: PodInfo, { preEnqueues }: Profile): string[] {
  return preEnqueues.flatMap((plugin) => plugin.preEnqueue(pod) ?? []);
}

/** All filters, also those after one that refused the pod as a whole. */
function prepareAll(pod: PodInfo, profile: Profile, cluster: ClusterState) {
  const filters: NodeFilter[] = [];
  const whole: Rejection[] = [];
  for (const plugin of profile.filters) {
    const prepared = plugin.prepareFilter(pod, cluster);
    if (typeof prepared === "function") filters.push(prepared);
    else if (prepared && "rejected" in prepared) whole.push(prepared.rejected);
    else if (prepared?.filter) filters.push(prepared.filter);
  }
  return { filters, whole };
}

interface Evaluated {
  readonly node: NodeInfo;
  readonly first: Rejection | undefined;
  readonly refusals: readonly Refusal[];
  readonly changes: readonly string[];
}

function evaluate(node: NodeInfo, filters: readonly NodeFilter[], pod: PodInfo, cluster: ClusterState): Evaluated {
  const rejections = filters.flatMap((filter) => filter(node) ?? []);
  const changes = new Set<string>();
  const refusals = rejections.map((rejection) => {
    const details = detailsOf[rejection.plugin]?.(pod, node, cluster) ?? [];
    for (const { change } of details) changes.add(change);
    return refusalOf(
      rejection,
      details.map(({ text }) => text),
    );
  });
  return { node, first: rejections[0], refusals, changes: [...changes] };
}

function refusalOf({ plugin, reasons, resolvable }: Rejection, details: readonly string[]): Refusal {
  return { filter: plugin, reasons, details, resolvable };
}

function grouped(evaluated: readonly Evaluated[]): RefusedNodes[] {
  const groups = Map.groupBy(
    evaluated.filter(({ refusals }) => refusals.length > 0),
    ({ refusals }) => JSON.stringify(refusals),
  );
  return [...groups.values()]
    .map((members) => ({
      nodes: members.map(({ node }) => node.name).sort(),
      refusals: members[0]?.refusals ?? [],
      changes: members[0]?.changes ?? [],
    }))
    .sort((a, b) => a.refusals.length - b.refusals.length || b.nodes.length - a.nodes.length);
}

function scored(pod: PodInfo, nodes: readonly NodeInfo[], profile: Profile, cluster: ClusterState): ScoredNode[] {
  const parts = profile.scores.map(({ plugin, weight }) => {
    const score = nodes.length === 0 ? undefined : plugin.prepareScore(pod, nodes, cluster);
    const scores = score ? nodes.map(score) : undefined;
    if (scores) plugin.normalize?.(scores);
    return { name: plugin.name, weight, scores };
  });
  return nodes
    .map(({ name }, i) => {
      const scores = Object.fromEntries(parts.map((part) => [part.name, part.scores?.[i] ?? 0]));
      return { node: name, total: parts.reduce((sum, part) => sum + part.weight * (part.scores?.[i] ?? 0), 0), scores };
    })
    .sort((a, b) => b.total - a.total || (a.node < b.node ? -1 : 1));
}

function roomByPreemption(pod: PodInfo, fit: FitError, profile: Profile, cluster: ClusterState, random: Random) {
  if (pod.pod.spec?.preemptionPolicy === "Never" || profile.postFilters.length === 0) return undefined;
  const search = { filters: profile.filters, budgets: [], args: defaultPluginArgs.DefaultPreemption, random };
  const result = findPreemption(pod, fit, cluster, search);
  const best = result.kind === "found" ? bestPreemption(result.candidates) : undefined;
  return best && { node: best.node, victims: best.victims.map(({ key }) => key) };
}

function notesFor(boundTo: string | undefined, fitting: number, profile: Profile): string[] {
  const notes: string[] = [];
  if (boundTo !== undefined) {
    notes.push(
      "The pod is bound: this is how the choice would go now without it; the cluster may have been another when it was made.",
    );
  }
  const { percentageOfNodesToScore = 0 } = profile;
  if (fitting >= 100 && percentageOfNodesToScore < 100) {
    notes.push("Of many nodes the scheduler scores only a part; here all that fit are scored.");
  }
  if (fitting > 1) notes.push("Among nodes with the same total one is taken by chance.");
  return notes;
}
