import type { NodeInfo } from "../node-info.ts";
import type { PodInfo } from "../pod-info.ts";

/** Pods to remove from a node, and how many disruption budgets that would break. */
export interface Victims {
  readonly pods: readonly PodInfo[];
  readonly budgetsViolated: number;
}

/** What an extender left of the nodes, and why others went. */
export interface ExtenderFiltered {
  readonly nodes: readonly NodeInfo[];
  /** Reasons by node name. */
  readonly failed: Readonly<Record<string, string>>;
  /** Reasons that removing pods does not change. */
  readonly unresolvable: Readonly<Record<string, string>>;
}

/** A program beside the scheduler that has a say in it (the original's scheduler extender). What it throws has a message for the pod. */
export interface Extender {
  /** Its address. */
  readonly name: string;
  /** Scheduling goes on without it when it fails. */
  readonly isIgnorable: boolean;
  isInterested(pod: PodInfo): boolean;
  filter?(pod: PodInfo, nodes: readonly NodeInfo[]): Promise<ExtenderFiltered>;
  /** Scores by node name, times the extender's weight, on the scheduler's scale. */
  prioritize?(pod: PodInfo, nodes: readonly NodeInfo[]): Promise<ReadonlyMap<string, number>>;
  /** Takes candidates away, or changes their victims; by node name. `podsOf` are the pods of a node. */
  preempt?(
    pod: PodInfo,
    candidates: ReadonlyMap<string, Victims>,
    podsOf: (nodeName: string) => Iterable<PodInfo>,
  ): Promise<ReadonlyMap<string, Victims>>;
  bind?(pod: PodInfo, nodeName: string): Promise<void>;
}
