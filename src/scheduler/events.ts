import type { KubeObject } from "../api/meta/index.ts";
import type { Namespace, Node, Pod } from "../api/types/index.ts";
import type { PodInfo } from "./pod-info.ts";

interface NodeEvent {
  readonly node: Node;
  /** As it was; undefined when the node is new. */
  readonly old?: Node;
}

interface PodEvent {
  readonly pod: Pod;
  readonly old?: Pod;
}

interface ObjectEvent {
  /** The object as it is, or as it was before it was deleted. */
  readonly object: KubeObject;
  readonly old?: KubeObject;
}

/** Changes of the cluster that pods may wait for, and what each tells of itself. */
export interface ClusterEventData {
  "node/added": NodeEvent;
  "node/allocatable": NodeEvent;
  "node/labels": NodeEvent;
  "node/taints": NodeEvent;
  /** A pod came to a node, also one that another scheduler bound. */
  "assigned-pod/added": PodEvent;
  "assigned-pod/labels": PodEvent;
  /** A pod on a node asks for less than before. */
  "assigned-pod/scaled-down": PodEvent;
  /** A pod left its node: deleted, or finished. */
  "assigned-pod/deleted": PodEvent;
  /** Another pod without a node appeared (gangs wait for their members). */
  "unscheduled-pod/added": PodEvent;
  "namespace/changed": { readonly namespace: Namespace; readonly old: Namespace };
  /** A claim of a volume was made, changed or deleted. */
  "claim/changed": ObjectEvent;
  /** A volume, a storage class, or what nodes and drivers say of storage. */
  "volume/changed": ObjectEvent;
  "resource-claim/changed": ObjectEvent;
  "resource-slice/changed": ObjectEvent;
  "device-class/changed": ObjectEvent;
  "pod-group/changed": ObjectEvent;
}

export type ClusterEventKind = keyof ClusterEventData;
export type ClusterEvent = {
  readonly [Kind in ClusterEventKind]: { readonly kind: Kind } & ClusterEventData[Kind];
}[ClusterEventKind];

/**
 * What may make a pod schedulable that a plugin refused: `true` for any such event, or a question about the pod and the
 * event. Asked often: it must be quick, and when in doubt say yes (KEP-4247).
 */
export type QueueingHints = {
  readonly [Kind in ClusterEventKind]?: true | ((pod: PodInfo, event: ClusterEventData[Kind]) => boolean);
};

/** Whether these hints say that the event may help the pod. */
export function eventHelps(hints: QueueingHints, pod: PodInfo, event: ClusterEvent): boolean {
  const hint = hints[event.kind] as true | ((pod: PodInfo, event: ClusterEvent) => boolean) | undefined;
  return hint === true || (hint?.(pod, event) ?? false);
}
