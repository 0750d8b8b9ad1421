import type { Quantity, Selector } from "../api/meta/index.ts";
import type { CSINode, Node, PersistentVolume, PersistentVolumeClaim, StorageClass } from "../api/types/index.ts";
import { NodeInfo } from "./node-info.ts";
import type { PodInfo } from "./pod-info.ts";

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
export class ClusterState {
  readonly reader: ClusterReader;
  /** Volumes that are being bound to claims of assumed pods, by volume name; the value is the claim's namespace/name. */
  readonly takenVolumes = new Map<string, string>();
  /** Claims of assumed pods that wait for a volume on a node: its name by the claim's namespace/name. */
  readonly claimNodes = new Map<string, string>();
  readonly #nodes = new Map<string, NodeInfo>();
  readonly #placed = new Map<string, { readonly info: PodInfo; readonly node: string; readonly assumed: boolean }>();
  /** Pods for which room was made on a node that they have not taken yet, by pod key. */
  readonly #nominated = new Map<string, { readonly info: PodInfo; readonly node: string }>();
  #list: NodeInfo[] | undefined;
  /** Nodes that have a pod with any affinity term: most clusters have none, and then nobody looks. */
  readonly #withAffinity = new Set<NodeInfo>();
  readonly #withRequiredAntiAffinity = new Set<NodeInfo>();

  constructor(reader: ClusterReader) {
    this.reader = reader;
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

  nodesWithAffinityPods(): ReadonlySet<NodeInfo> {
    return this.#withAffinity;
  }

  nodesWithRequiredAntiAffinityPods(): ReadonlySet<NodeInfo> {
    return this.#withRequiredAntiAffinity;
  }

  setNode(node: Node): void {
    const info = this.#infoOf(node.metadata.name ?? "");
    const zoneBefore = info.node === undefined ? undefined : zoneOf(info);
    info.setNode(node);
    if (zoneBefore !== zoneOf(info)) this.#list = undefined;
  }

  removeNode(name: string): void {
    const info = this.#nodes.get(name);
    if (!info) return;
    info.node = undefined;
    if (info.pods.size === 0) this.#nodes.delete(name);
    this.#list = undefined;
  }

  /** Room on this node is meant for the pod: less important ones must leave it that much. */
  nominate(info: PodInfo, node: string): void {
    this.#nominated.set(info.key, { info, node });
  }

  unnominate(key: string): void {
    this.#nominated.delete(key);
  }

  nominationOf(key: string): string | undefined {
    return this.#nominated.get(key)?.node;
  }

  /** Other pods, at least as important as this one, that are to come to the node. */
  nominatedOn(node: string, forPod: PodInfo): readonly PodInfo[] {
    if (this.#nominated.size === 0) return none;
    const found: PodInfo[] = [];
    for (const nomination of this.#nominated.values()) {
      const { info } = nomination;
      if (nomination.node === node && info.key !== forPod.key && info.priority >= forPod.priority) found.push(info);
    }
    return found;
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
    this.#indexAffinity(node);
    if (!node.node && node.pods.size === 0) this.#nodes.delete(placed.node);
  }

  #place(info: PodInfo, nodeName: string, assumed: boolean): void {
    this.#nominated.delete(info.key);
    const node = this.#infoOf(nodeName);
    node.addPod(info);
    this.#indexAffinity(node);
    this.#placed.set(info.key, { info, node: nodeName, assumed });
  }

  #indexAffinity(node: NodeInfo): void {
    if (node.podsWithAffinity.size > 0) this.#withAffinity.add(node);
    else this.#withAffinity.delete(node);
    if (node.podsWithRequiredAntiAffinity.size > 0) this.#withRequiredAntiAffinity.add(node);
    else this.#withRequiredAntiAffinity.delete(node);
  }

  #infoOf(name: string): NodeInfo {
    const found = this.#nodes.get(name);
    if (found) return found;
    const made = new NodeInfo(name);
    this.#nodes.set(name, made);
    return made;
  }
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
