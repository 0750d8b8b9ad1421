import { matches } from "../api/meta/index.ts";
import type { NodeInfo } from "./node-info.ts";
import type { AffinityTerm, PodInfo } from "./pod-info.ts";

/** The four kinds of terms that a pod can have about others. */
export type TermKind = "requiredAffinity" | "requiredAntiAffinity" | "preferredAffinity" | "preferredAntiAffinity";

const kinds: readonly TermKind[] = [
  "requiredAffinity",
  "requiredAntiAffinity",
  "preferredAffinity",
  "preferredAntiAffinity",
];

/** One term that pods on nodes have, however many they are, and how many of them are in each domain. */
export class TermGroup {
  readonly kind: TermKind;
  readonly term: AffinityTerm;
  readonly #byNode = new Map<NodeInfo, number>();
  readonly #byDomain = new Map<string, number>();

  constructor(kind: TermKind, term: AffinityTerm) {
    this.kind = kind;
    this.term = term;
  }

  get isEmpty(): boolean {
    return this.#byNode.size === 0;
  }

  /** Whether any of its pods is on a node that has the topology key. */
  get hasDomains(): boolean {
    return this.#byDomain.size > 0;
  }

  /** Pods with the term in the node's domain. */
  near(node: NodeInfo): number {
    const domain = node.labels[this.term.topologyKey];
    return domain === undefined ? 0 : (this.#byDomain.get(domain) ?? 0);
  }

  shift(node: NodeInfo, by: number): void {
    add(this.#byNode, node, by);
    this.#shiftDomain(node, by);
  }

  nodeLeaves(node: NodeInfo): void {
    this.#shiftDomain(node, -(this.#byNode.get(node) ?? 0));
  }

  nodeEnters(node: NodeInfo): void {
    this.#shiftDomain(node, this.#byNode.get(node) ?? 0);
  }

  #shiftDomain(node: NodeInfo, by: number): void {
    const domain = node.node === undefined ? undefined : node.labels[this.term.topologyKey];
    if (domain !== undefined && by !== 0) add(this.#byDomain, domain, by);
  }
}

function add<K>(counts: Map<K, number>, key: K, by: number): void {
  const count = (counts.get(key) ?? 0) + by;
  if (count === 0) counts.delete(key);
  else counts.set(key, count);
}

/**
 * What pods on nodes say of other pods: equal terms are one group, and groups are found by a label that the pod they are
 * about must have. So a pod is compared with the few terms that may concern it, not with all pods.
 */
export class AffinityIndex {
  readonly #groups = new Map<string, TermGroup>();
  readonly #byLabel = new Map<string, Set<TermGroup>>();
  /** Groups whose selectors demand no single label. */
  readonly #others = new Set<TermGroup>();
  /** Groups without pods, by name: they are kept until somebody looks again, since pods are also taken off for a try. */
  readonly #empty = new Map<string, TermGroup>();
  #opened = 0;

  podCame(node: NodeInfo, info: PodInfo): void {
    this.#shift(node, info, 1);
  }

  podLeft(node: NodeInfo, info: PodInfo): void {
    this.#shift(node, info, -1);
  }

  /** Before the node's labels change. */
  nodeLeaves(node: NodeInfo): void {
    for (const info of node.podsWithAffinity.values()) this.#eachGroup(info, (group) => this.#moved.add(group));
    for (const group of this.#moved) group.nodeLeaves(node);
  }

  nodeEnters(node: NodeInfo): void {
    for (const group of this.#moved) group.nodeEnters(node);
    this.#moved.clear();
  }

  /** Another number once there is a group that was not there before. */
  get version(): number {
    return this.#opened;
  }

  /** Groups that the node which changes right now has pods of. */
  readonly #moved = new Set<TermGroup>();

  /** Groups of these kinds whose term is about the pod. */
  about(
    info: PodInfo,
    wanted: readonly TermKind[],
    isAbout: (term: AffinityTerm, info: PodInfo) => boolean,
  ): readonly TermGroup[] {
    for (const [name, group] of this.#empty) if (group.isEmpty) this.#close(name, group);
    this.#empty.clear();
    if (this.#groups.size === 0) return noGroups;
    const found: TermGroup[] = [];
    const look = (groups: ReadonlySet<TermGroup> | undefined) => {
      if (!groups) return;
      for (const group of groups) if (wanted.includes(group.kind) && isAbout(group.term, info)) found.push(group);
    };
    if (this.#byLabel.size > 0) for (const key in info.labels) look(this.#byLabel.get(`${key}=${info.labels[key]}`));
    look(this.#others);
    return found;
  }

  #shift(node: NodeInfo, info: PodInfo, by: 1 | -1): void {
    for (const kind of kinds) {
      for (const term of info[kind]) {
        const name = groupName(kind, term);
        const group = this.#groups.get(name) ?? this.#open(name, new TermGroup(kind, term));
        group.shift(node, by);
        if (group.isEmpty) this.#empty.set(name, group);
      }
    }
  }

  #eachGroup(info: PodInfo, visit: (group: TermGroup) => void): void {
    for (const kind of kinds) {
      for (const term of info[kind]) {
        const group = this.#groups.get(groupName(kind, term));
        if (group) visit(group);
      }
    }
  }

  #open(name: string, group: TermGroup): TermGroup {
    this.#opened++;
    this.#groups.set(name, group);
    const label = demandedLabel(group.term);
    if (label === undefined) {
      this.#others.add(group);
      return group;
    }
    const beside = this.#byLabel.get(label) ?? new Set();
    this.#byLabel.set(label, beside.add(group));
    return group;
  }

  #close(name: string, group: TermGroup): void {
    this.#groups.delete(name);
    const label = demandedLabel(group.term);
    if (label === undefined) {
      this.#others.delete(group);
      return;
    }
    const beside = this.#byLabel.get(label);
    beside?.delete(group);
    if (beside?.size === 0) this.#byLabel.delete(label);
  }
}

const noGroups: readonly TermGroup[] = [];

function groupName(kind: TermKind, { key, weight }: AffinityTerm): string {
  return `${kind} ${weight} ${key}`;
}

/** `key=value` that every pod has which the term is about. */
function demandedLabel({ selector }: AffinityTerm): string | undefined {
  for (const { key, operator, values } of selector.requirements) {
    if ((operator === "=" || operator === "in") && values.length === 1) return `${key}=${values[0]}`;
  }
  return undefined;
}

/** Whether the term is about the pod: it is in one of the namespaces and is selected. */
export function isAboutPod(
  term: AffinityTerm,
  info: PodInfo,
  namespaceLabels: (name: string) => Readonly<Record<string, string>>,
): boolean {
  const { namespaces, namespaceSelector, selector } = term;
  const isThere =
    namespaces.has(info.namespace) ||
    (namespaceSelector !== undefined && matches(namespaceSelector, namespaceLabels(info.namespace)));
  return isThere && matches(selector, info.labels);
}
