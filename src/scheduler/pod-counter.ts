import type { NodeInfo } from "./node-info.ts";
import type { PodInfo } from "./pod-info.ts";
import { grown, noDomain, type Topology } from "./topology.ts";

/** Views of one counter that are kept; the one that was not asked for longest makes room. */
const viewsMax = 32;

/**
 * How many pods that one question is about are on each node and in each domain, kept current as pods and nodes come and
 * go: whoever asks again for the next pod of a template finds the answer ready.
 */
export class PodCounter {
  /** The namespaces that its pods are in; undefined for any. */
  readonly namespaces: ReadonlySet<string> | undefined;
  readonly #isCounted: (info: PodInfo) => boolean;
  readonly #views = new Map<string, DomainCounts>();
  #byNode = new Int32Array(0);

  constructor(namespaces: ReadonlySet<string> | undefined, isCounted: (info: PodInfo) => boolean) {
    this.namespaces = namespaces;
    this.#isCounted = isCounted;
  }

  onNode(node: NodeInfo): number {
    return this.#byNode[node.index] ?? 0;
  }

  podCame(node: NodeInfo, info: PodInfo): void {
    if (this.#isCounted(info)) this.#shift(node, 1);
  }

  podLeft(node: NodeInfo, info: PodInfo): void {
    if (this.#isCounted(info)) this.#shift(node, -1);
  }

  /** Before the node's labels or taints change. */
  nodeLeaves(node: NodeInfo): void {
    for (const view of this.#views.values()) view.leave(node, this.onNode(node));
  }

  nodeEnters(node: NodeInfo): void {
    for (const view of this.#views.values()) view.enter(node, this.onNode(node));
  }

  /**
   * The counts by domain, over the nodes that are included.
   * @param inclusion tells one way of including nodes from another; `includes` is asked when the node comes or changes.
   */
  byDomain(
    topology: Topology,
    nodes: readonly NodeInfo[],
    inclusion = "",
    includes: (node: NodeInfo) => boolean = everyNode,
  ): DomainCounts {
    const name = `${topology.key} ${inclusion}`;
    const found = this.#views.get(name);
    if (found) {
      this.#views.delete(name); // and behind all others again
      this.#views.set(name, found);
      return found;
    }
    const view = new DomainCounts(topology, includes);
    for (const node of nodes) view.enter(node, this.onNode(node));
    const [oldest] = this.#views.keys();
    if (this.#views.size >= viewsMax && oldest !== undefined) this.#views.delete(oldest);
    this.#views.set(name, view);
    return view;
  }

  #shift(node: NodeInfo, by: number): void {
    if (node.index >= this.#byNode.length) this.#byNode = grown(this.#byNode, node.index);
    this.#byNode[node.index] = this.onNode(node) + by;
    for (const view of this.#views.values()) view.shift(node, by);
  }
}

const everyNode = (): boolean => true;

/** Counts by domain of a topology, with the least of them. */
export class DomainCounts {
  readonly topology: Topology;
  readonly #includes: (node: NodeInfo) => boolean;
  /** By node index: whether its domain and its pods count. */
  #included = new Uint8Array(0);
  /** By domain: pods, and nodes that are included. */
  #pods = new Int32Array(0);
  #nodes = new Int32Array(0);
  /** How many domains have so many pods: the least is found without looking at all domains. */
  readonly #domainsWith: number[] = [];
  #least = 0;
  #domains = 0;
  #total = 0;

  constructor(topology: Topology, includes: (node: NodeInfo) => boolean) {
    this.topology = topology;
    this.#includes = includes;
  }

  /** Domains with at least one included node. */
  get domains(): number {
    return this.#domains;
  }

  /** Pods in all domains. */
  get total(): number {
    return this.#total;
  }

  /** Pods in the domain that has the fewest; 0 without domains. */
  get least(): number {
    return this.#domains === 0 ? 0 : this.#least;
  }

  /** Pods in the node's domain, also when the node itself is not included; 0 when it has none. */
  near(node: NodeInfo): number {
    const domain = this.topology.domainOf(node);
    return domain === noDomain ? 0 : (this.#pods[domain] ?? 0);
  }

  /** Pods came to the node (or left). */
  shift(node: NodeInfo, by: number): void {
    if (this.#included[node.index] !== 1) return;
    this.#move(this.topology.domainOf(node), by);
  }

  enter(node: NodeInfo, pods: number): void {
    if (node.index >= this.#included.length) this.#included = grown(this.#included, node.index);
    const domain = this.topology.domainOf(node);
    const included = node.node !== undefined && domain !== noDomain && this.#includes(node);
    this.#included[node.index] = included ? 1 : 0;
    if (!included) return;
    if (domain >= this.#pods.length) {
      this.#pods = grown(this.#pods, domain);
      this.#nodes = grown(this.#nodes, domain);
    }
    const nodes = (this.#nodes[domain] ?? 0) + 1;
    this.#nodes[domain] = nodes;
    if (nodes === 1) {
      this.#domains++;
      this.#domainsWith[0] = (this.#domainsWith[0] ?? 0) + 1;
      this.#least = 0;
    }
    this.#move(domain, pods);
  }

  leave(node: NodeInfo, pods: number): void {
    if (this.#included[node.index] !== 1) return;
    this.#included[node.index] = 0;
    const domain = this.topology.domainOf(node);
    this.#move(domain, -pods);
    const nodes = (this.#nodes[domain] ?? 0) - 1;
    this.#nodes[domain] = nodes;
    if (nodes > 0) return;
    this.#domains--;
    this.#domainsWith[0] = (this.#domainsWith[0] ?? 0) - 1; // the last node took all its pods along
    this.#raiseLeast();
  }

  #move(domain: number, by: number): void {
    if (by === 0) return;
    const before = this.#pods[domain] ?? 0;
    const after = before + by;
    this.#pods[domain] = after;
    this.#total += by;
    this.#domainsWith[before] = (this.#domainsWith[before] ?? 0) - 1;
    this.#domainsWith[after] = (this.#domainsWith[after] ?? 0) + 1;
    if (after < this.#least) this.#least = after;
    else if (before === this.#least) this.#raiseLeast();
  }

  #raiseLeast(): void {
    if (this.#domains === 0) return;
    while (!this.#domainsWith[this.#least]) this.#least++;
  }
}
