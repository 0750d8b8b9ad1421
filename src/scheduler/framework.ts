import type { Pod } from "../api/types/index.ts";
import type { Client, EventRecorder, InformerFactory } from "../client/index.ts";
import type { Host } from "../host/index.ts";
import type { ClusterState } from "./cluster-state.ts";
import type { ClusterEvent, QueueingHints } from "./events.ts";
import type { Extender } from "./extenders/extender.ts";
import type { GangPlugin } from "./gang.ts";
import type { NodeInfo } from "./node-info.ts";
import type { PodInfo } from "./pod-info.ts";
import type { QueuedPod } from "./queued-pod.ts";

/**
 * The extension points of the scheduling framework. A plugin is one object that implements some of the interfaces below;
 * they have the original's names and order: PreEnqueue, QueueSort, PreFilter and Filter, PostFilter, PreScore, Score and
 * NormalizeScore, Reserve, Permit, PreBind, Bind, PostBind. Where the original hands state from one point to the next, a
 * plugin here looks at the pod once (`prepare…`) and answers with a function that holds what it found.
 */
export type Plugin = { readonly name: string } & Partial<
  PreEnqueuePlugin &
    QueueSortPlugin &
    FilterPlugin &
    PostFilterPlugin &
    ScorePlugin &
    ReservePlugin &
    PermitPlugin &
    PreBindPlugin &
    BindPlugin &
    PostBindPlugin &
    GangPlugin
>;

/** Makes a plugin for a profile from its arguments in the configuration (undefined when it has none there). */
export type PluginFactory = (args: unknown, handle: PluginHandle) => Plugin;

/** What a plugin may use of the scheduler that it works in. */
export interface PluginHandle {
  /** Of the profile, which is the name that pods ask for. */
  readonly schedulerName: string;
  readonly host: Host;
  readonly client: Client;
  readonly informers: InformerFactory;
  readonly cluster: ClusterState;
  readonly events: EventRecorder;
  readonly waitingPods: WaitingPods;
  readonly extenders: readonly Extender[];
  /** The filters of the profile in their order, for plugins that try what would happen. Complete when the first pod comes. */
  filters(): readonly FilterPlugin[];
  /** Tells waiting pods of a change that only the plugin watches. */
  emit(event: ClusterEvent): void;
  /** Gated pods are asked again whether they may be tried, for a reason that only the plugin knows of. */
  recheckGated(): void;
}

/** Why a node, or the pod as a whole, was refused. */
export interface Rejection {
  readonly plugin: string;
  /** In the original's words; counted and sorted in the pod's condition. */
  readonly reasons: readonly string[];
  /** Whether removing other pods from the node could help (preemption); `UnschedulableAndUnresolvable` when false. */
  readonly resolvable: boolean;
}

interface Named {
  readonly name: string;
  /** What may make a pod schedulable that this plugin refused. Without it any event is tried. */
  readonly wakesOn?: QueueingHints;
}

interface Local {
  /**
   * Set when filter and score read nothing of the pod but what its `localKey` covers, and nothing of the cluster but the
   * node that they are asked about: then the answers for one pod hold for the next of its template until the node changes.
   */
  readonly local?: boolean;
}

export interface PreEnqueuePlugin extends Named {
  /** Why the pod shall not be tried yet. Asked again when the pod changes, at events of `wakesOn`, and by `recheckGated`. */
  preEnqueue(pod: PodInfo): string | undefined;
}

export interface QueueSortPlugin extends Named {
  /** Negative when `a` is to be tried before `b`. All profiles of a scheduler have the same. */
  compare(a: QueuedPod, b: QueuedPod): number;
}

export type NodeFilter = (node: NodeInfo) => Rejection | undefined;
export type NodeScorer = (node: NodeInfo) => number;

/** What a filter found out about a pod before it looked at any node. */
export type PreparedFilter =
  | NodeFilter
  /** No node will do. */
  | { readonly rejected: Rejection }
  /** Only nodes with these names are looked at (they need not exist). */
  | { readonly only: ReadonlySet<string>; readonly filter?: NodeFilter }
  /** No objection to any node. */
  | undefined;

/**
 * PreFilter and Filter. The function is used within the cycle only, but it is asked how a node would do with pods added or
 * taken away: what it says must follow from the node and the counts of the cluster state as they are at that moment.
 */
export interface FilterPlugin extends Named, Local {
  prepareFilter(pod: PodInfo, cluster: ClusterState): PreparedFilter;
}

export interface PostFilterResult {
  /** Whether room was made: those after this plugin are not asked. */
  readonly helped: boolean;
  /** Nobody after this one can help either. */
  readonly final?: boolean;
  /** The node to nominate; empty takes an earlier nomination back, undefined leaves it. */
  readonly nominated?: string;
  /** For the pod's condition; empty says nothing. */
  readonly message: string;
}

export interface PostFilterPlugin extends Named {
  /** No node fits: what can be done about it? */
  postFilter(pod: PodInfo, fit: FitError): Promise<PostFilterResult> | PostFilterResult;
}

/** PreScore, Score and NormalizeScore. */
export interface ScorePlugin extends Named, Local {
  /** Looks at the pod once and answers with a function over nodes, or nothing when all nodes are equal to it. */
  prepareScore(pod: PodInfo, feasible: readonly NodeInfo[], cluster: ClusterState): NodeScorer | undefined;
  /** Turns raw scores into 0..100 in place. Absent when they are already. */
  normalize?(scores: number[]): void;
}

/** Reserve and Unreserve: something that is counted once the node is chosen, until the pod is bound or cannot be. */
export interface ReservePlugin extends Named {
  /** Reserves on the node what the pod needs, synchronously, within the cycle; nothing when it needs nothing. */
  prepareReserve(
    pod: PodInfo,
    node: NodeInfo,
    cluster: ClusterState,
  ): Reservation | { readonly rejected: Rejection } | undefined;
}

/** What a plugin holds for a pod until it is bound, or cannot be. */
export interface Reservation {
  readonly plugin: string;
  /** The plugin's PreBind, for one that needs what it reserved. Resolves when the pod may be bound. @throws when it cannot be. */
  preBind?(context: PreBindContext): Promise<void>;
  /** Called once, at the end. `bound` is false when others may have what was held. */
  release(bound: boolean): void;
}

export interface PreBindContext {
  readonly client: Client;
  /** Asks again whenever something of storage changed, until it says yes or the pod is gone. What it throws, this throws; also after too long. */
  until(isReady: () => boolean, timeoutMs: number): Promise<void>;
}

/** What Permit says of a pod that has a node. */
export type PermitDecision =
  | { readonly kind: "approve" }
  | { readonly kind: "deny"; readonly message: string }
  /** Until `waitingPods` approves or denies it for this plugin, or it took too long (15 minutes at most). */
  | { readonly kind: "wait"; readonly timeoutMs: number };

export interface PermitPlugin extends Named {
  permit(pod: PodInfo, nodeName: string): PermitDecision;
}

/** Pods that have a node and wait for a Permit plugin. */
export interface WaitingPods {
  get(key: string): WaitingPod | undefined;
  list(): readonly WaitingPod[];
}

export interface WaitingPod {
  readonly info: PodInfo;
  readonly nodeName: string;
  /** Plugins that have not approved yet. */
  readonly pending: readonly string[];
  approve(plugin: string): void;
  deny(plugin: string, message: string): void;
}

export interface PreBindPlugin extends Named {
  /** Resolves when the pod may be bound. @throws when it cannot be bound to this node. */
  preBind(pod: PodInfo, nodeName: string, context: PreBindContext): Promise<void>;
}

export interface BindPlugin extends Named {
  /** Binds the pod, or leaves it to the next plugin. @throws when it failed. */
  bind(pod: PodInfo, nodeName: string): Promise<"bound" | "skip">;
}

export interface PostBindPlugin extends Named {
  /** The pod is bound. */
  postBind(pod: PodInfo, nodeName: string): void;
}

export const scoreMax = 100;

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
  /** Of all nodes that are not among `nodes`, because nobody looked at them. */
  readonly others?: Rejection;
  /** Of the pod as a whole, before any node was looked at. */
  readonly pod?: Rejection;
}

/** A pod that is done or being deleted needs no node. */
export function needsNode(pod: Pod): boolean {
  return !pod.spec?.nodeName && pod.metadata.deletionTimestamp === undefined && !isTerminal(pod);
}

export function isTerminal(pod: Pod): boolean {
  return pod.status?.phase === "Succeeded" || pod.status?.phase === "Failed";
}
