import type { ClusterState } from "./cluster-state.ts";
import type { FilterPlugin, NodeFilter, NodeScorer, Rejection, ScorePlugin } from "./framework.ts";
import type { NodeInfo } from "./node-info.ts";
import type { PodInfo } from "./pod-info.ts";
import type { CycleProfile } from "./profile.ts";

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
  readonly #scorers: readonly (NodeScorer | undefined)[];
  /** By node index: the generation of the node that was asked about, and what was said. */
  #filteredAt = new Float64Array(0);
  #rejections: (Rejection | undefined)[] = [];
  #scoredAt = new Float64Array(0);
  /** By scorer and node index. */
  readonly #scores: Float64Array[];

  constructor(filters: readonly FilterPlugin[], scorers: readonly ScorePlugin[], pod: PodInfo, cluster: ClusterState) {
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
    this.#scorers = scorers.map((plugin) => plugin.prepareScore(pod, noNodes, cluster));
    this.#scores = scorers.map(() => new Float64Array(0));
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

  /** The raw scores of nodes by one of the scorers; undefined when it has nothing to say. */
  scores(scorer: number, nodes: readonly NodeInfo[]): number[] | undefined {
    if (this.#scorers[scorer] === undefined) return undefined;
    for (const node of nodes) if (this.#scoredAt[node.index] !== node.generation) this.#score(node);
    const known = this.#scores[scorer];
    return nodes.map(({ index }) => known?.[index] ?? 0);
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
    if (index >= this.#scoredAt.length) this.#scoredAt = enlarged(this.#scoredAt, index);
    this.#scoredAt[index] = generation;
    for (const [i, scorer] of this.#scorers.entries()) {
      if (scorer === undefined) continue;
      let known = this.#scores[i] ?? new Float64Array(0);
      if (index >= known.length) {
        known = enlarged(known, index);
        this.#scores[i] = known;
      }
      known[index] = scorer(node);
    }
  }
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
  readonly scorers: readonly ScorePlugin[];
  readonly #known = new Map<string, LocalAnswers>();

  constructor({ filters, scores }: CycleProfile) {
    const firstOther = filters.findIndex(({ local }) => !local);
    this.filters = firstOther === -1 ? filters : filters.slice(0, firstOther);
    this.scorers = scores.map(({ plugin }) => plugin).filter(({ local }) => local);
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
