// The scheduler's own plugins and cycle over a random world, held against the reference.
import { ok } from "node:assert/strict";
import { inspect, isDeepStrictEqual } from "node:util";
import { deepFreeze, labelSelectorAsSelector, matches, selectorFromLabels } from "../../../src/api/meta/index.ts";
import type { Node, Pod } from "../../../src/api/types/index.ts";
import { seededRandom } from "../../../src/host/index.ts";
import {
  type ClusterReader,
  ClusterState,
  defaultFilters,
  defaultScores,
  type NodeInfo,
  type PodInfo,
  podInfoOf,
  SchedulingCycle,
} from "../../../src/scheduler/index.ts";
import type { Change, RandomWorld } from "./random-world.ts";
import { filters, fitsWithNominated, nameOf, scores, type World } from "./reference/index.ts";

/** The scheduler's view of the cluster, kept current change by change as in a running scheduler. */
export class FastPath {
  readonly cluster: ClusterState;
  readonly cycle: SchedulingCycle;
  readonly profile = { filters: defaultFilters, scores: defaultScores, reserves: [] };

  constructor(random: RandomWorld, seed: string) {
    this.cluster = new ClusterState(readerOf(() => random.world));
    this.cycle = new SchedulingCycle(this.profile, seededRandom(seed));
    for (const node of random.world.nodes) this.cluster.setNode(deepFreeze(node));
    for (const placed of random.world.placed) this.apply({ kind: "pod", placed });
  }

  apply(change: Change): void {
    switch (change.kind) {
      case "node":
        this.cluster.setNode(deepFreeze(change.node));
        break;
      case "node gone":
        this.cluster.removeNode(change.name);
        break;
      case "pod":
        this.cluster.setPod(podInfoOf(deepFreeze(change.placed.pod)), change.placed.node);
        break;
      case "pod gone":
        this.cluster.removePod(keyOfPod(change.pod));
        break;
      case "nominated":
        this.cluster.nominate(podInfoOf(deepFreeze(change.placed.pod)), change.placed.node);
        break;
      case "not nominated":
        this.cluster.unnominate(keyOfPod(change.pod));
        break;
      case "nothing":
        break;
      default:
        change satisfies never;
    }
  }
}

function keyOfPod({ metadata }: Pod): string {
  return `${metadata.namespace}/${metadata.name}`;
}

function readerOf(world: () => World): ClusterReader {
  return {
    namespaceLabels: (name) => world().namespaces.get(name) ?? {},
    spreadingSelectors: (pod) => {
      const services = world().services.flatMap(({ metadata, spec }) => {
        const selector = selectorFromLabels(spec?.selector);
        const selects = selector.requirements.length > 0 && matches(selector, pod.labels);
        return metadata.namespace === pod.namespace && selects ? [selector] : [];
      });
      const owner = pod.pod.metadata.ownerReferences?.find(({ controller }) => controller);
      const owners = world().replicaSets.filter(
        ({ metadata }) => metadata.namespace === pod.namespace && metadata.name === owner?.name,
      );
      return [...services, ...owners.map(({ spec }) => labelSelectorAsSelector(spec?.selector))];
    },
    volumes: {
      claim: (key) => world().claims.find(({ metadata }) => `${metadata.namespace}/${metadata.name}` === key),
      volume: (name) => world().volumes.find(({ metadata }) => metadata.name === name),
      storageClass: () => undefined,
      csiNode: () => undefined,
      hasRoom: () => true,
      candidates: () => [],
    },
  };
}

/** @returns the node that the scheduler chose. @throws AssertionError that tells what differs. */
export function compareCase(fast: FastPath, world: World, pod: Pod): string | undefined {
  const info = podInfoOf(deepFreeze(pod));
  const feasible = compareFilters(fast, world, info).filter((node) => fitsWithNominated(world, pod, node));
  const totals = compareScores(fast, world, info, feasible);
  return compareChoice(fast, info, feasible, totals);
}

function compareFilters({ cluster, profile }: FastPath, world: World, info: PodInfo): Node[] {
  const open = new Set(world.nodes);
  for (const plugin of profile.filters) {
    const reference = filters[plugin.name];
    if (reference === undefined) continue;
    const prepared = plugin.prepareFilter(info, cluster);
    for (const node of world.nodes) {
      const expected = reference(world, info.pod, node);
      const inView = cluster.node(nameOf(node));
      ok(inView, `${nameOf(node)} is in the view`);
      const actual = answerOf(prepared, inView);
      const told = actual && { reasons: [...actual.reasons].sort(), resolvable: actual.resolvable };
      const wanted = expected && { ...expected, reasons: [...expected.reasons].sort() };
      same(told, wanted, () => `${plugin.name} of ${info.key}: ${JSON.stringify({ pod: info.pod, node })}`);
      if (expected) open.delete(node);
    }
  }
  return [...open];
}

type Prepared = ReturnType<FastPath["profile"]["filters"][number]["prepareFilter"]>;

function answerOf(prepared: Prepared, node: NodeInfo) {
  if (prepared === undefined) return undefined;
  if (typeof prepared === "function") return prepared(node);
  if ("rejected" in prepared) return prepared.rejected;
  const outside = { reasons: ["node(s) didn't match Pod's node affinity/selector"], resolvable: false };
  return prepared.only.has(node.name) ? prepared.filter?.(node) : outside;
}

function compareScores(
  { cluster, profile }: FastPath,
  world: World,
  info: PodInfo,
  feasible: readonly Node[],
): number[] {
  const totals = feasible.map(() => 0);
  if (feasible.length === 0) return totals;
  const inView = feasible.map((node) => cluster.node(nameOf(node))).filter((node) => node !== undefined);
  for (const { plugin, weight } of profile.scores) {
    const reference = scores[plugin.name];
    ok(reference, `the reference knows ${plugin.name}`);
    same(weight, reference.weight, () => `weight of ${plugin.name}`);
    const expected = reference.scores(world, info.pod, feasible) ?? feasible.map(() => 0);
    const scorer = plugin.prepareScore(info, inView, cluster);
    const actual = inView.map((node) => scorer?.(node) ?? 0);
    if (scorer) plugin.normalize?.(actual);
    // Having no opinion and giving all nodes the same are one.
    if (scorer !== undefined || new Set(expected).size > 1) {
      const where = () => `${plugin.name} of ${info.key} on ${feasible.map(nameOf)}: ${JSON.stringify(info.pod)}`;
      same(scorer === undefined ? undefined : actual, expected, where);
    }
    for (const [i, score] of expected.entries()) totals[i] = (totals[i] ?? 0) + weight * score;
  }
  return totals;
}

/** The cycle chooses one of the best nodes, and none when there is none. */
function compareChoice(
  { cluster, cycle }: FastPath,
  info: PodInfo,
  feasible: readonly Node[],
  totals: readonly number[],
) {
  const result = cycle.run(info, cluster);
  const best = feasible.filter((_, i) => totals[i] === Math.max(...totals)).map(nameOf);
  if (result.kind !== "scheduled") {
    same(best, [], () => `${info.key} was refused`);
    return undefined;
  }
  ok(best.includes(result.node), `${info.key} went to ${result.node}, best are ${best}: ${JSON.stringify(info.pod)}`);
  return result.node;
}

/** @throws when they differ; what this is about is only put into words then. */
function same(actual: unknown, expected: unknown, where: () => string): void {
  if (isDeepStrictEqual(actual, expected)) return;
  throw new Error(`${where()}\nis ${inspect(actual)}\nnot ${inspect(expected)}`);
}
