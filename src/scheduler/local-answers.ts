import type { ClusterState } from "./cluster-state.ts";
import type { FilterPlugin, NodeFilter, NodeScorer, Rejection, ScorePlugin } from "./framework.ts";
import type { NodeInfo } from "./node-info.ts";
import type { PodInfo } from "./pod-info.ts";
import type { CycleProfile, WeightedScore } from "./profile.ts";
import { RefusedNodes } from "./refused-nodes.ts";

/** Templates that are remembered; the one whose pods did not come for longest makes room. */
const templatesMax = 64;

/**
 * What local plugins said of each node for the pods of a template. A node is asked about again only once it has changed,
 * so that a pod costs what its predecessor changed, not what the cluster holds.
 */
export class LocalAnswers {
  /** The refusal of a pod as a whole, by one of the filters. */
  readonly rejected: Rejection | undefined;
  /** Which nodes the filters look at, and which plugins said so; undefined is all of them. */
  readonly only: ReadonlySet<string> | undefined;
  readonly restricting: readonly string[];
  readonly #filters: readonly NodeFilter[];
  /** The same for nodes with the pods that are to come to them. */
  #expectedAt = new Float64Array(0);
  #expectedRejections: (Rejection | undefined)[] = [];
  /** What was found when no node was left that would do. */
  #dead: DeadEnd | undefined;
  /** Scorers whose scores are final, and those whose scores are still to be normalized. */
  readonly #final: readonly LocalScorer[];
  readonly #normalized: readonly LocalScorer[];
  /** By node index: the generation of the node that was asked about, and what was said. */
  #filteredAt = new Float64Array(0);
  #rejections: (Rejection | undefined)[] = [];
  #scoredAt = new Float64Array(0);
  /** By node index: the sum of the final scores. */
  #plain = new Float64Array(0);

  constructor(
    filters: readonly FilterPlugin[],
    scorers: readonly WeightedScore[],
    pod: PodInfo,
    cluster: ClusterState,
  ) {
    const prepared: NodeFilter[] = [];
    const restricting: string[] = [];
    for (const plugin of filters) {
      const answer = plugin.prepareFilter(pod, cluster);
      if (typeof answer === "function") prepared.push(answer);
      else if (answer && "rejected" in answer) this.rejected ??= answer.rejected;
      else if (answer) {
        if (answer.filter) prepared.push(answer.filter);
        this.only = this.only?.intersection(answer.only) ?? answer.only;
        restricting.push(plugin.name);
      }
    }
    this.restricting = restricting;
    this.#filters = prepared;
    const asked = scorers.flatMap(({ plugin, weight }): LocalScorer[] => {
      const score = plugin.prepareScore(pod, noNodes, cluster);
      return score ? [{ plugin, weight, score, raw: new Float64Array(0) }] : [];
    });
    this.#final = asked.filter(({ plugin }) => !plugin.normalize);
    this.#normalized = asked.filter(({ plugin }) => plugin.normalize);
  }

  /** Why the node is refused. */
  readonly rejectionOf: NodeFilter = (node) => {
    const { index, generation } = node;
    if (this.#filteredAt[index] === generation) return this.#rejections[index];
    if (index >= this.#filteredAt.length) {
      this.#filteredAt = enlarged(this.#filteredAt, index);
      this.#rejections.length = this.#filteredAt.length;
    }
    const rejection = this.#ask(node);
    this.#filteredAt[index] = generation;
    this.#rejections[index] = rejection;
    return rejection;
  };

  /** Why the node is refused with the pods that are to come to it; `ask` finds it out when it is not known yet. */
  rejectionWithExpected(node: NodeInfo, ask: NodeFilter): Rejection | undefined {
    const { index, generation } = node;
    if (this.#expectedAt[index] === generation) return this.#expectedRejections[index];
    const rejection = ask(node);
    if (index >= this.#expectedAt.length) {
      this.#expectedAt = enlarged(this.#expectedAt, index);
      this.#expectedRejections.length = this.#expectedAt.length;
    }
    this.#expectedAt[index] = generation;
    this.#expectedRejections[index] = rejection;
    return rejection;
  }

  /** No node does: the next pod of the template looks only at nodes that change from now on. */
  allRefused(nodes: readonly NodeInfo[], refused: RefusedNodes, cluster: ClusterState): void {
    const places: number[] = [];
    for (const [place, { index }] of refused.nodes.entries()) places[index] = place;
    this.#dead = { nodes, refused, places, changes: cluster.changeCount };
  }

  /** The refusals of all nodes, when none would do the last time and those that changed since do not either. */
  stillRefused(nodes: readonly NodeInfo[], check: NodeFilter, cluster: ClusterState): RefusedNodes | undefined {
    const dead = this.#dead;
    const changed = dead?.nodes === nodes ? cluster.changesSince(dead.changes) : undefined;
    if (!dead || !changed) return undefined;
    let rejections: Rejection[] | undefined;
    for (const node of changed) {
      const place = dead.places[node.index];
      if (node.node === undefined || place === undefined) continue;
      const rejection = check(node);
      if (!rejection) {
        this.#dead = undefined;
        return undefined;
      }
      if (rejection === (rejections ?? dead.refused.rejections)[place]) continue;
      rejections ??= [...dead.refused.rejections];
      rejections[place] = rejection;
    }
    const refused = rejections ? new RefusedNodes(dead.refused.nodes, rejections) : dead.refused;
    this.#dead = { ...dead, refused, changes: cluster.changeCount };
    return refused;
  }

  /** The weighted scores of the nodes by all local scorers together, normalized over these nodes, in their order. */
  totals(nodes: readonly NodeInfo[]): number[] {
    for (const node of nodes) if (this.#scoredAt[node.index] !== node.generation) this.#score(node);
    const plain = this.#plain;
    const totals = new Array<number>(nodes.length);
    for (let i = 0; i < nodes.length; i++) totals[i] = plain[nodes[i]?.index ?? 0] ?? 0;
    for (const { plugin, weight, raw } of this.#normalized) {
      const first = raw[nodes[0]?.index ?? 0] ?? 0;
      const areEqual = nodes.every(({ index }) => raw[index] === first);
      const scores = areEqual ? [first] : nodes.map(({ index }) => raw[index] ?? 0);
      plugin.normalize?.(scores);
      for (let i = 0; i < totals.length; i++) {
        totals[i] = (totals[i] ?? 0) + weight * (scores[areEqual ? 0 : i] ?? 0);
      }
    }
    return totals;
  }

  #ask(node: NodeInfo): Rejection | undefined {
    for (const filter of this.#filters) {
      const rejection = filter(node);
      if (rejection) return rejection;
    }
    return undefined;
  }

  #score(node: NodeInfo): void {
    const { index, generation } = node;
    if (index >= this.#scoredAt.length) {
      this.#scoredAt = enlarged(this.#scoredAt, index);
      this.#plain = enlarged(this.#plain, index);
      for (const scorer of this.#normalized) scorer.raw = enlarged(scorer.raw, index);
    }
    this.#scoredAt[index] = generation;
    let sum = 0;
    for (const { weight, score } of this.#final) sum += weight * score(node);
    this.#plain[index] = sum;
    for (const scorer of this.#normalized) scorer.raw[index] = scorer.score(node);
  }
}

/** A template that no node would do for. */
interface DeadEnd {
  /** The list of all nodes at that time, and what was said of each. */
  readonly nodes: readonly NodeInfo[];
  readonly refused: RefusedNodes;
  /** By node index: where the node is among the refused. */
  readonly places: readonly number[];
  /** How many changes of nodes there had been. */
  readonly changes: number;
}

interface LocalScorer {
  readonly plugin: ScorePlugin;
  readonly weight: number;
  readonly score: NodeScorer;
  /** By node index; of those that are normalized over the nodes to choose from. */
  raw: Float64Array<ArrayBuffer>;
}

const noNodes: readonly NodeInfo[] = [];

function enlarged(array: Float64Array, index: number): Float64Array<ArrayBuffer> {
  const larger = new Float64Array(Math.max(64, 2 ** Math.ceil(Math.log2(index + 1))));
  larger.set(array);
  return larger;
}

/** The answers of a profile's local plugins, by template. */
export class LocalTemplates {
  /** The local filters that come before all others: what they refuse is what is told. */
  readonly filters: readonly FilterPlugin[];
  readonly scorers: readonly WeightedScore[];
  readonly #known = new Map<string, LocalAnswers>();

  constructor({ filters, scores }: CycleProfile) {
    const firstOther = filters.findIndex(({ local }) => !local);
    this.filters = firstOther === -1 ? filters : filters.slice(0, firstOther);
    this.scorers = scores.filter(({ plugin }) => plugin.local);
  }

  of(pod: PodInfo, cluster: ClusterState): LocalAnswers {
    const key = pod.localKey;
    const found = this.#known.get(key);
    if (found) {
      this.#known.delete(key); // and behind all others again
      this.#known.set(key, found);
      return found;
    }
    const answers = new LocalAnswers(this.filters, this.scorers, pod, cluster);
    // Pods that name their nodes (those of daemon sets) are each a template of one.
    if (answers.only) return answers;
    const [oldest] = this.#known.keys();
    if (this.#known.size >= templatesMax && oldest !== undefined) this.#known.delete(oldest);
    this.#known.set(key, answers);
    return answers;
  }
}
