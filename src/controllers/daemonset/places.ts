import type { DaemonSet, Node, Pod } from "../../api/types/index.ts";
import { compareText } from "../owners.ts";
import { hasEnded } from "../pods/index.ts";
import { revisionHashLabel } from "../revisions/index.ts";
import { nodeOf, type Placement, placementOn } from "./placement.ts";

export const templateGenerationAnnotation = "deprecated.daemonset.template.generation";
export const templateGenerationLabel = "pod-template-generation";

export interface DaemonObserved {
  readonly set: DaemonSet;
  readonly nodes: readonly Node[];
  readonly pods: readonly Pod[];
  /** Of the template as it is now. */
  readonly hash: string;
  readonly nowMs: number;
}

/** A node with the daemon's pods that are on it, or bound to go there. */
export interface Place extends Placement {
  readonly name: string;
  /** False for a node that is gone, or that nobody has seen yet. */
  readonly exists: boolean;
  /** The oldest first. What has ended and is being deleted does not count any more. */
  readonly pods: readonly Pod[];
}

/** Every node, and then those that only pods know of. */
export function placesOf({ set, nodes, pods }: DaemonObserved): Place[] {
  const byNode = new Map<string, Pod[]>();
  for (const pod of pods) {
    const name = nodeOf(pod);
    if (name === undefined || (hasEnded(pod) && isDeleted(pod))) continue;
    const there = byNode.get(name);
    if (there === undefined) byNode.set(name, [pod]);
    else there.push(pod);
  }
  for (const there of byNode.values()) there.sort(byAssignmentAndAge);
  const places = nodes.map((node): Place => {
    const name = node.metadata.name ?? "";
    const there = byNode.get(name) ?? [];
    byNode.delete(name);
    return { name, exists: true, pods: there, ...placementOn(set, node) };
  });
  for (const [name, there] of byNode) {
    places.push({ name, exists: false, pods: there, shouldRun: false, mayStay: false });
  }
  return places;
}

function byAssignmentAndAge(a: Pod, b: Pod): number {
  return (
    Number(Boolean(b.spec.nodeName)) - Number(Boolean(a.spec.nodeName)) ||
    compareText(a.metadata.creationTimestamp ?? "", b.metadata.creationTimestamp ?? "") ||
    compareText(a.metadata.name ?? "", b.metadata.name ?? "")
  );
}

export function isDeleted(pod: Pod): boolean {
  return pod.metadata.deletionTimestamp !== undefined;
}

/** Whether a pod is of the template as it is now. */
export function isUpdated({ set, hash }: Pick<DaemonObserved, "set" | "hash">, pod: Pod): boolean {
  const labels = pod.metadata.labels ?? {};
  const generation = set.metadata.annotations?.[templateGenerationAnnotation];
  return (
    labels[revisionHashLabel] === hash || (generation !== undefined && labels[templateGenerationLabel] === generation)
  );
}
