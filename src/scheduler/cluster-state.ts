import { deepEqual, type Quantity, type Selector } from "../api/meta/index.ts";
import type { CSINode, Node, PersistentVolume, PersistentVolumeClaim, StorageClass } from "../api/types/index.ts";
import { AffinityIndex } from "./affinity-index.ts";
import { NodeInfo, type NodeWatcher } from "./node-info.ts";
import { PodCounter } from "./pod-counter.ts";
import { countAlike, type PodInfo } from "./pod-info.ts";
import { Topology } from "./topology.ts";

/** What plugins read besides nodes and pods; answered from informers. */
export interface ClusterReader {
  namespaceLabels(name: string): Readonly<Record<string, string>>;
  /** Selectors of services and workload owners that a pod belongs to, for default spreading. */
  spreadingSelectors(pod: PodInfo): readonly Selector[];
  readonly volumes: VolumeReader;
}

/** What plugins read of storage. */
export interface VolumeReader {
  /** By namespace/name. */
  claim(key: string): PersistentVolumeClaim | undefined;
  volume(name: string): PersistentVolume | undefined;
  storageClass(name: string): StorageClass | undefined;
  csiNode(name: string): CSINode | undefined;
  /** Whether the provisioner has room for the claim on nodes with these labels, by what it publishes of its capacity. */
  hasRoom(storageClass: StorageClass, bytes: Quantity, labels: Readonly<Record<string, string>>): boolean;
  /** Volumes that name the claim or that nobody has and that are of its class. */
  candidates(claim: PersistentVolumeClaim): readonly PersistentVolume[];
}

/**
 * Nodes with the pods that are on them, or will be: a pod that was given a node is assumed there until the API says so.
 * One cycle reads it synchronously, so that it is its own snapshot.
 */
export class ClusterState implements NodeWatcher {
  readonly reader: ClusterReader;
  /** Volumes that are being bound to claims of assumed pods, by volume name; the value is the claim's namespace/name. */
  readonly takenVolumes = new Map<string, string>();
  /** Claims of assumed pods that wait for a volume on a node: its name by the claim's namespace/name. */
  readonly claimNodes = new Map<string, string>();
  readonly #nodes = new Map<string, NodeInfo>();
  readonly #placed = new Map<string, { readonly info: PodInfo; readonly node: string; readonly assumed: boolean }>();
  /** Pods for which room was made on a node that they have not taken yet: the node by pod key, and the pods by node. */
  readonly #nominated = new Map<string, string>();
  readonly #nominatedOn = new Map<string, Map<string, PodInfo>>();
  /** How many of them have required anti-affinity. */
  #repellingNominations = 0;
  #list: NodeInfo[] | undefined;
  /** Places of nodes that are gone. */
  readonly #freeIndices: number[] = [];
  #indices = 0;
  /** What the pods on nodes say of other pods. */
  readonly affinity = new AffinityIndex();
  readonly #topologies = new Map<string, Topology>();
  /** By question; the one that was not asked for longest comes first. */
  readonly #counters = new Map<string, CountedQuestion>();
  /** Nodes in the order of their changes, since the last time that the list was too long. */
  #changes: NodeInfo[] = [];
  #changesForgotten = 0;
  /** How many nodes have an image, by its name. */
  readonly #imageNodes = new Map<string, number>();
  /** Nodes with pods that use a claim, by its namespace/name. */
  readonly #claims = new Map<string, Set<NodeInfo>>();

  constructor(reader: ClusterReader) {
    this.reader = reader;
  }

  /** How many there are, for the metrics. */
  get sizes(): { nodes: number; pods: number; assumed_pods: number } {
    let assumed = 0;
    for (const placed of this.#placed.values()) if (placed.assumed) assumed++;
    return { nodes: this.nodes().length, pods: this.#placed.size, assumed_pods: assumed };
  }

  /** Nodes that exist, interleaved by zone so that sampling sees all zones (as the original's node tree). */
  nodes(): readonly NodeInfo[] {
    this.#list ??= interleaveByZone([...this.#nodes.values()].filter((info) => info.node !== undefined));
    return this.#list;
  }

  node(name: string): NodeInfo | undefined {
    const info = this.#nodes.get(name);
    return info?.node ? info : undefined;
  }

  /** Whether a pod on any node that exists uses the claim (namespace/name). */
  isClaimInUse(key: string): boolean {
    return (
      this.#claims
        .get(key)
        ?.values()
        .some(({ node }) => node !== undefined) ?? false
    );
  }

  setNode(node: Node): void {
    const info = this.#infoOf(node.metadata.name ?? "");
    const zoneBefore = info.node === undefined ? undefined : zoneOf(info);
    this.#countImages(info, -1);
    if (info.node !== undefined && isPlacedAlike(info.node, node)) info.setNode(node);
    else this.#replace(info, () => info.setNode(node));
    this.#countImages(info, 1);
    if (zoneBefore !== zoneOf(info)) this.#list = undefined;
  }

  removeNode(name: string): void {
    const info = this.#nodes.get(name);
    if (!info?.node) return;
    this.#countImages(info, -1);
    this.#replace(info, () => {
      info.node = undefined;
    });
    if (info.pods.size === 0) this.#drop(info);
    this.#list = undefined;
  }

  /** How many nodes have the image. */
  nodesWithImage(name: string): number {
    return this.#imageNodes.get(name) ?? 0;
  }

  /** The domains of a node label. */
  topology(key: string): Topology {
    const found = this.#topologies.get(key);
    if (found) return found;
    const made = new Topology(key);
    for (const node of this.#nodes.values()) made.place(node);
    this.#topologies.set(key, made);
    return made;
  }

  /**
   * The count of the pods that a question is about. It is kept current from now on, so that asking again costs nothing.
   * @param question tells one question from another.
   * @param namespaces the pods' namespaces; undefined for any, as when they are chosen by their labels.
   */
  counter(
    question: string,
    namespaces: ReadonlySet<string> | undefined,
    isCounted: (info: PodInfo) => boolean,
  ): PodCounter {
    const found = this.#counters.get(question);
    if (found && this.#isCurrent(found)) {
      this.#counters.delete(question); // and behind all others again
      this.#counters.set(question, found);
      return found.counter;
    }
    const counter = new PodCounter(namespaces, isCounted);
    const seen = new Map<string, Labels>();
    for (const node of this.#nodes.values()) {
      for (const info of node.pods.values()) {
        if (namespaces !== undefined && !namespaces.has(info.namespace)) continue;
        if (namespaces === undefined) seen.set(info.namespace, this.reader.namespaceLabels(info.namespace));
        counter.podCame(node, info);
      }
    }
    this.#counters.delete(question);
    const [oldest] = this.#counters.keys();
    if (this.#counters.size >= countersMax && oldest !== undefined) this.#counters.delete(oldest);
    this.#counters.set(question, { counter, seen });
    return counter;
  }

  /** Room on this node is meant for the pod: less important ones must leave it that much. */
  nominate(info: PodInfo, node: string): void {
    this.unnominate(info.key);
    this.#nominated.set(info.key, node);
    const there = this.#nominatedOn.get(node) ?? new Map<string, PodInfo>();
    this.#nominatedOn.set(node, there.set(info.key, info));
    if (info.requiredAntiAffinity.length > 0) this.#repellingNominations++;
    this.#nodes.get(node)?.touch();
  }

  unnominate(key: string): void {
    const node = this.#nominated.get(key);
    if (node === undefined) return;
    this.#nominated.delete(key);
    const there = this.#nominatedOn.get(node);
    if (there?.get(key)?.requiredAntiAffinity.length) this.#repellingNominations--;
    there?.delete(key);
    if (there?.size === 0) this.#nominatedOn.delete(node);
    this.#nodes.get(node)?.touch();
  }

  /** Whether room is meant for a pod that keeps others away. */
  get hasRepellingNominations(): boolean {
    return this.#repellingNominations > 0;
  }

  /** Whether room is meant for any pod anywhere. */
  get hasNominations(): boolean {
    return this.#nominated.size > 0;
  }

  nominationOf(key: string): string | undefined {
    return this.#nominated.get(key);
  }

  /** Less important pods that were to come to the node: room that is made there is not for them. */
  lessImportantNominatedOn(node: string, forPod: PodInfo): readonly PodInfo[] {
    return [...(this.#nominatedOn.get(node)?.values() ?? none)].filter((info) => info.priority < forPod.priority);
  }

  /** Other pods, at least as important as this one, that are to come to the node. */
  nominatedOn(node: string, forPod: PodInfo): readonly PodInfo[] {
    const there = this.#nominatedOn.size === 0 ? undefined : this.#nominatedOn.get(node);
    if (there === undefined) return none; // as for most nodes
    return [...there.values()].filter((info) => info.key !== forPod.key && info.priority >= forPod.priority);
  }

  /** Counts the pod to its node before the API knows; undone by `forgetPod`, confirmed by `setPod`. */
  assumePod(info: PodInfo, node: string): void {
    if (this.#placed.has(info.key)) throw new Error(`pod ${info.key} is already placed`);
    this.#place(info, node, true);
  }

  isAssumed(key: string): boolean {
    return this.#placed.get(key)?.assumed === true;
  }

  forgetPod(key: string): void {
    if (this.#placed.get(key)?.assumed) this.removePod(key);
  }

  /** The API says that this pod is on this node. */
  setPod(info: PodInfo, node: string): void {
    const placed = this.#placed.get(info.key);
    if (placed?.node === node && countAlike(placed.info, info)) {
      this.unnominate(info.key);
      this.#nodes.get(node)?.replacePod(info);
      this.#placed.set(info.key, { info, node, assumed: false });
      return;
    }
    this.removePod(info.key);
    this.#place(info, node, false);
  }

  removePod(key: string): void {
    const placed = this.#placed.get(key);
    if (!placed) return;
    this.#placed.delete(key);
    const node = this.#nodes.get(placed.node);
    if (!node) return;
    node.removePod(placed.info);
    if (!node.node && node.pods.size === 0) this.#drop(node);
  }

  #place(info: PodInfo, nodeName: string, assumed: boolean): void {
    this.unnominate(info.key);
    const node = this.#infoOf(nodeName);
    node.addPod(info);
    this.#placed.set(info.key, { info, node: nodeName, assumed });
  }

  #infoOf(name: string): NodeInfo {
    const found = this.#nodes.get(name);
    if (found) return found;
    const made = new NodeInfo(name, this.#freeIndices.pop() ?? this.#indices++, this);
    this.#nodes.set(name, made);
    return made;
  }

  #drop(info: NodeInfo): void {
    this.#nodes.delete(info.name);
    this.#freeIndices.push(info.index);
  }

  /** For the node itself only. */
  nodeChanged(node: NodeInfo): void {
    this.#changes.push(node);
    if (this.#changes.length < changesMax) return;
    this.#changesForgotten += this.#changes.length;
    this.#changes = [];
  }

  /** How many changes of nodes there have been. */
  get changeCount(): number {
    return this.#changesForgotten + this.#changes.length;
  }

  /** The nodes that changed after so many changes, some more than once; undefined when nobody remembers. */
  changesSince(count: number): readonly NodeInfo[] | undefined {
    return count < this.#changesForgotten ? undefined : this.#changes.slice(count - this.#changesForgotten);
  }

  /** For the node itself only. */
  podCame(node: NodeInfo, info: PodInfo): void {
    this.affinity.podCame(node, info);
    for (const key of info.claimKeys) this.#claims.set(key, (this.#claims.get(key) ?? new Set()).add(node));
    for (const question of this.#counters.values()) {
      const { counter, seen } = question;
      if (counter.namespaces === undefined) {
        if (!seen.has(info.namespace)) seen.set(info.namespace, this.reader.namespaceLabels(info.namespace));
      } else if (!counter.namespaces.has(info.namespace)) continue;
      counter.podCame(node, info);
    }
  }

  /** For the node itself only. */
  podLeft(node: NodeInfo, info: PodInfo): void {
    this.affinity.podLeft(node, info);
    for (const key of info.claimKeys) {
      if (node.claims.has(key)) continue;
      const users = this.#claims.get(key);
      users?.delete(node);
      if (users?.size === 0) this.#claims.delete(key);
    }
    for (const { counter } of this.#counters.values()) {
      if (counter.namespaces === undefined || counter.namespaces.has(info.namespace)) counter.podLeft(node, info);
    }
  }

  /** Whether the labels of namespaces that the question looked at are the same as when it was counted. */
  #isCurrent({ seen }: CountedQuestion): boolean {
    for (const [namespace, labels] of seen) if (this.reader.namespaceLabels(namespace) !== labels) return false;
    return true;
  }

  /** Changes what counts of a node in all that is kept by domain. */
  #replace(info: NodeInfo, change: () => void): void {
    this.affinity.nodeLeaves(info);
    for (const { counter } of this.#counters.values()) counter.nodeLeaves(info);
    change();
    for (const topology of this.#topologies.values()) topology.place(info);
    for (const { counter } of this.#counters.values()) counter.nodeEnters(info);
    this.affinity.nodeEnters(info);
  }

  #countImages(info: NodeInfo, by: 1 | -1): void {
    if (info.node === undefined) return;
    for (const image of info.images.keys()) {
      const count = this.nodesWithImage(image) + by;
      if (count > 0) this.#imageNodes.set(image, count);
      else this.#imageNodes.delete(image);
    }
  }
}

type Labels = Readonly<Record<string, string>>;

interface CountedQuestion {
  readonly counter: PodCounter;
  /** Labels of the namespaces of all pods, for questions that are about them. */
  readonly seen: Map<string, Labels>;
}

/** Questions that are kept current: a cluster has few templates whose pods come again and again. */
const countersMax = 128;

/** Changes of nodes that are remembered: more than come between two tries of a template that is tried often. */
const changesMax = 16_384;

/** Whether nothing changed that decides which domains a node is in and which pods count there. */
function isPlacedAlike(a: Node, b: Node): boolean {
  return deepEqual(a.metadata.labels, b.metadata.labels) && deepEqual(a.spec?.taints, b.spec?.taints);
}

const none: readonly PodInfo[] = [];

function zoneOf(info: NodeInfo): string {
  const labels = info.labels;
  return `${labels["topology.kubernetes.io/region"] ?? ""}:${labels["topology.kubernetes.io/zone"] ?? ""}`;
}

function interleaveByZone(nodes: NodeInfo[]): NodeInfo[] {
  const zones = Map.groupBy(nodes, zoneOf);
  if (zones.size <= 1) return nodes;
  const lists = [...zones.values()];
  const longest = Math.max(...lists.map((list) => list.length));
  const mixed: NodeInfo[] = [];
  for (let i = 0; i < longest; i++) {
    for (const list of lists) {
      const node = list[i];
      if (node) mixed.push(node);
    }
  }
  return mixed;
}
