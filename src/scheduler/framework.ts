import type { Pod } from "../api/types/index.ts";
import type { Client } from "../client/index.ts";
import type { ClusterState } from "./cluster-state.ts";
import type { NodeInfo } from "./node-info.ts";
import type { PodInfo } from "./pod-info.ts";

/** Why a node, or the pod as a whole, was refused. */
export interface Rejection {
  readonly plugin: string;
  /** In the original's words; counted and sorted in the pod's condition. */
  readonly reasons: readonly string[];
  /** Whether removing other pods from the node could help (preemption); `UnschedulableAndUnresolvable` when false. */
  readonly resolvable: boolean;
}

export type NodeFilter = (node: NodeInfo) => Rejection | undefined;
export type NodeScorer = (node: NodeInfo) => number;

/**
 * A filter looks at the pod once and answers with a function over nodes, with nothing when it has no objection to any
 * node, or with a rejection of the pod as a whole. The function is used within the cycle only: it may keep what it
 * counted, and cycles are synchronous, so that the cluster state does not change under it.
 */
export interface FilterPlugin {
  readonly name: string;
  prepareFilter(pod: PodInfo, cluster: ClusterState): NodeFilter | { readonly rejected: Rejection } | undefined;
  /** What may make a pod schedulable that this plugin refused. */
  readonly wakesOn: readonly ClusterEvent[];
}

/** A score looks at the pod once and answers with a function over nodes, or nothing when all nodes are equal to it. */
export interface ScorePlugin {
  readonly name: string;
  readonly weight: number;
  prepareScore(pod: PodInfo, feasible: readonly NodeInfo[], cluster: ClusterState): NodeScorer | undefined;
  /** Turns raw scores into 0..100 in place. Absent when they are already. */
  normalize?(scores: number[]): void;
}

/** A plugin that has something to do once the node is chosen and before the pod is bound to it. */
export interface ReservePlugin {
  readonly name: string;
  /** Reserves on the node what the pod needs, synchronously, within the cycle; nothing when it needs nothing. */
  prepareReserve(pod: PodInfo, node: NodeInfo, cluster: ClusterState): Reservation | undefined;
}

/** What a plugin holds for a pod until it is bound, or cannot be. */
export interface Reservation {
  readonly plugin: string;
  /** Resolves when the pod may be bound. @throws when it cannot be bound to this node. */
  preBind(context: PreBindContext): Promise<void>;
  /** Others may have it: called once, after preBind ended. */
  release(): void;
}

export interface PreBindContext {
  readonly client: Client;
  /** Asks again whenever something of storage changed, until it says yes or the pod is gone. What it throws, this throws; also after too long. */
  until(isReady: () => boolean): Promise<void>;
}

export const scoreMax = 100;

/** Changes of the cluster that pods wait for. */
export type ClusterEvent =
  | "node/added"
  | "node/allocatable"
  | "node/labels"
  | "node/taints"
  | "assigned-pod/added"
  | "assigned-pod/labels"
  | "assigned-pod/deleted"
  | "pod/changed"
  | "namespace/changed"
  | "volume/changed";

/** Raw scores to 0..100 in relation to the largest; `reverse` gives the largest the least. */
export function normalizeByMax(scores: number[], reverse = false): void {
  const max = Math.max(0, ...scores);
  for (let i = 0; i < scores.length; i++) {
    const score = max === 0 ? 0 : Math.floor(((scores[i] ?? 0) * scoreMax) / max);
    scores[i] = reverse ? scoreMax - score : score;
  }
}

/** What one scheduling cycle came to. */
export type CycleResult =
  | { readonly kind: "scheduled"; readonly node: string; readonly evaluated: number; readonly feasible: number }
  | { readonly kind: "unschedulable"; readonly fit: FitError };

export interface FitError {
  readonly nodesTotal: number;
  /** Rejections by node name; empty when the pod was refused as a whole. */
  readonly nodes: ReadonlyMap<string, Rejection>;
  readonly pod?: Rejection;
}

/** A pod that is done or being deleted needs no node. */
export function needsNode(pod: Pod): boolean {
  return !pod.spec?.nodeName && pod.metadata.deletionTimestamp === undefined && !isTerminal(pod);
}

export function isTerminal(pod: Pod): boolean {
  return pod.status?.phase === "Succeeded" || pod.status?.phase === "Failed";
}
