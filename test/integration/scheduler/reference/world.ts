// What a cluster is to the reference: plain lists of objects. Everything is found by looking at all of it.
import type { LabelSelector } from "../../../../src/api/meta/index.ts";
import type {
  Node,
  PersistentVolume,
  PersistentVolumeClaim,
  Pod,
  ReplicaSet,
  Service,
} from "../../../../src/api/types/index.ts";

export interface PlacedPod {
  readonly pod: Pod;
  readonly node: string;
}

export interface World {
  readonly nodes: readonly Node[];
  readonly placed: readonly PlacedPod[];
  /** Pods for which room was made on a node that they have not taken yet. */
  readonly nominated: readonly PlacedPod[];
  /** Labels of namespaces by name. */
  readonly namespaces: ReadonlyMap<string, Readonly<Record<string, string>>>;
  readonly services: readonly Service[];
  readonly replicaSets: readonly ReplicaSet[];
  readonly claims: readonly PersistentVolumeClaim[];
  readonly volumes: readonly PersistentVolume[];
}

/** Why a node was refused; `resolvable` when removing pods from it could help. */
export interface Refusal {
  readonly reasons: readonly string[];
  readonly resolvable: boolean;
}

/** A filter by its definition: looks at the whole world for every node. */
export type Filter = (world: World, pod: Pod, node: Node) => Refusal | undefined;
/** Normalized scores (0..100) of nodes that passed the filters, or undefined when the plugin has no opinion. */
export type Scores = (world: World, pod: Pod, nodes: readonly Node[]) => number[] | undefined;

export const nameOf = (object: { metadata: { name?: string } }): string => object.metadata.name ?? "";
export const namespaceOf = (pod: Pod): string => pod.metadata.namespace ?? "";

export function label(node: Node, key: string): string | undefined {
  return labelValue(node.metadata.labels, key);
}

export function labelValue(labels: Readonly<Record<string, string>> | undefined, key: string): string | undefined {
  return Object.entries(labels ?? {}).find(([name]) => name === key)?.[1];
}

export function podsOn(world: World, node: Node): Pod[] {
  return world.placed.filter((placed) => placed.node === nameOf(node)).map(({ pod }) => pod);
}

/** A missing selector matches nothing, an empty one everything. */
export function selects(selector: LabelSelector | undefined, labels: Readonly<Record<string, string>> = {}): boolean {
  if (selector === undefined) return false;
  for (const [key, value] of Object.entries(selector.matchLabels ?? {}))
    if (labelValue(labels, key) !== value) return false;
  for (const { key, operator, values = [] } of selector.matchExpressions ?? []) {
    const value = labelValue(labels, key);
    if (operator === "In" && !(value !== undefined && values.includes(value))) return false;
    if (operator === "NotIn" && value !== undefined && values.includes(value)) return false;
    if (operator === "Exists" && value === undefined) return false;
    if (operator === "DoesNotExist" && value !== undefined) return false;
  }
  return true;
}

/** The selector with what matchLabelKeys and mismatchLabelKeys add for this pod (KEP-3243, KEP-3633). */
export function withKeys(
  selector: LabelSelector | undefined,
  pod: Pod,
  matchKeys: readonly string[] = [],
  mismatchKeys: readonly string[] = [],
): LabelSelector | undefined {
  if (selector === undefined) return undefined;
  const added = (keys: readonly string[], operator: string) =>
    keys.flatMap((key) => {
      const value = labelValue(pod.metadata.labels, key);
      return value === undefined ? [] : [{ key, operator, values: [value] }];
    });
  const matchExpressions = [
    ...(selector.matchExpressions ?? []),
    ...added(matchKeys, "In"),
    ...added(mismatchKeys, "NotIn"),
  ];
  return { matchLabels: selector.matchLabels, matchExpressions };
}
