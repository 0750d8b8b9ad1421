import type { Node } from "../api/types/index.ts";
import type { PodInfo } from "./pod-info.ts";
import { addResources, noResources, type Resources, resourcesOf } from "./resources.ts";

/** Who keeps count over all nodes, told of each pod that comes to a node or leaves it. */
export interface NodeWatcher {
  podCame(node: NodeInfo, info: PodInfo): void;
  podLeft(node: NodeInfo, info: PodInfo): void;
  /** The node has a new generation. */
  nodeChanged(node: NodeInfo): void;
}

/** Rises with every change of any node: no two states have the same generation. */
let generations = 0;

/**
 * A node and the sums over its pods, kept current by the cluster state, which alone may change it.
 * Everything that filters and scores ask of a node is here already summed up.
 */
export class NodeInfo {
  readonly name: string;
  /** Its place in arrays over all nodes; given again once the node is gone. */
  readonly index: number;
  /** Another one after every change of the node or its pods: what was found out for one generation holds for it. */
  generation = ++generations;
  readonly #watcher: NodeWatcher | undefined;
  /** Undefined while only pods of the node are known. */
  node: Node | undefined;
  allocatable: Resources = noResources();
  allowedPods = 0;
  readonly requested: Resources = noResources();
  readonly nonzeroRequested: Resources = noResources();
  readonly pods = new Map<string, PodInfo>();
  readonly podsWithAffinity = new Map<string, PodInfo>();
  /** Host ports in use: `protocol/port` to addresses with how many pods use each. */
  readonly #ports = new Map<string, Map<string, number>>();
  /** Claims in use, namespace/name, with how many pods use each. */
  readonly claims = new Map<string, number>();
  /** Image names to their size in bytes. */
  images: ReadonlyMap<string, number> = new Map();

  constructor(name: string, index: number, watcher?: NodeWatcher) {
    this.name = name;
    this.index = index;
    this.#watcher = watcher;
  }

  /** Without a prototype: `constructor` is a good name for a label, and nothing else is to be found under it. */
  labels: Readonly<Record<string, string>> = noLabels;

  setNode(node: Node): void {
    this.touch();
    this.node = node;
    this.labels = Object.assign(Object.create(null), node.metadata.labels);
    this.allocatable = resourcesOf(node.status?.allocatable);
    this.allowedPods = Number(node.status?.allocatable?.pods ?? 0);
    const images = new Map<string, number>();
    for (const image of node.status?.images ?? []) {
      for (const name of image.names ?? []) images.set(name, image.sizeBytes ?? 0);
    }
    this.images = images;
  }

  addPod(info: PodInfo): void {
    this.pods.set(info.key, info);
    this.#count(info, 1);
    this.#watcher?.podCame(this, info);
    if (hasAffinity(info)) this.podsWithAffinity.set(info.key, info);
  }

  /** A newer version of a pod that is here, which counts the same. */
  replacePod(info: PodInfo): void {
    this.pods.set(info.key, info);
    if (this.podsWithAffinity.has(info.key)) this.podsWithAffinity.set(info.key, info);
  }

  /** The very PodInfo that was added. */
  removePod(info: PodInfo): void {
    if (!this.pods.delete(info.key)) return;
    this.#count(info, -1);
    this.#watcher?.podLeft(this, info);
    this.podsWithAffinity.delete(info.key);
  }

  /** Something about the node changed, here or in what is kept of it elsewhere: what was found out about it holds no more. */
  touch(): void {
    this.generation = ++generations;
    this.#watcher?.nodeChanged(this);
  }

  /**
   * Asks a question of the node as it would be with other pods. The question may add and remove pods, and has put all back
   * where it was when it answers: what was found out about the node before still holds.
   */
  whatIf<T>(question: () => T): T {
    const before = this.generation;
    const answer = question();
    this.generation = before;
    return answer;
  }

  /** Whether a pod of the node holds this port on the same address, or either side wants all addresses. */
  portInUse(protocol: string, ip: string, port: number): boolean {
    const addresses = this.#ports.get(`${protocol}/${port}`);
    if (!addresses || addresses.size === 0) return false;
    return ip === anyAddress || addresses.has(ip) || addresses.has(anyAddress);
  }

  #count(info: PodInfo, sign: 1 | -1): void {
    this.touch();
    addResources(this.requested, info.requests, sign);
    addResources(this.nonzeroRequested, info.countedRequests, sign);
    for (const key of info.claimKeys) {
      const count = (this.claims.get(key) ?? 0) + sign;
      if (count > 0) this.claims.set(key, count);
      else this.claims.delete(key);
    }
    for (const { protocol, ip, port } of info.hostPorts) {
      const key = `${protocol}/${port}`;
      const addresses = this.#ports.get(key) ?? new Map<string, number>();
      const count = (addresses.get(ip) ?? 0) + sign;
      if (count > 0) addresses.set(ip, count);
      else addresses.delete(ip);
      this.#ports.set(key, addresses);
    }
  }
}

const anyAddress = "0.0.0.0";
const noLabels: Readonly<Record<string, string>> = {};

function hasAffinity(info: PodInfo): boolean {
  return (
    info.requiredAffinity.length > 0 ||
    info.requiredAntiAffinity.length > 0 ||
    info.preferredAffinity.length > 0 ||
    info.preferredAntiAffinity.length > 0
  );
}
