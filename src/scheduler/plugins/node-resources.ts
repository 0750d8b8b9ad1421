import type { NodeResourcesFitArgs } from "../config/plugin-args.ts";
import { defaultPluginArgs } from "../config/plugin-args.ts";
import type { FilterPlugin, Rejection, ScorePlugin } from "../framework.ts";
import type { NodeInfo } from "../node-info.ts";
import { type PodInfo, podInfoOf } from "../pod-info.ts";
import { amountOf, type Resources } from "../resources.ts";
import { createResourceScorer } from "./resource-scorers.ts";

const name = "NodeResourcesFit";

/** NodeResourcesFit: requests against what is left of the node; scores by how much of it would be taken. */
export function createNodeResourcesFit(
  args: NodeResourcesFitArgs = defaultPluginArgs.NodeResourcesFit,
): FilterPlugin & ScorePlugin {
  const isIgnored = ignoredBy(args);
  return {
    name,
    local: true,
    wakesOn: {
      "node/added": ({ requests }, { node }) => mayFit(requests, node.status?.allocatable),
      "node/allocatable": ({ requests }, { node }) => mayFit(requests, node.status?.allocatable),
      "assigned-pod/deleted": true,
      "assigned-pod/scaled-down": ({ requests }, { pod, old }) =>
        old !== undefined && freesAny(requests, podInfoOf(old).requests, podInfoOf(pod).requests),
    },
    prepareFilter: (info) => {
      const { cpuMilli, memoryBytes, ephemeralBytes, others } = info.requests;
      const nothing = cpuMilli === 0 && memoryBytes === 0 && ephemeralBytes === 0 && !others?.size;
      return (node: NodeInfo) => {
        const tooMany = node.pods.size + 1 > node.allowedPods;
        if (nothing) return tooMany ? tooManyPods : undefined;
        const { allocatable, requested } = node;
        if (
          !tooMany &&
          cpuMilli <= allocatable.cpuMilli - requested.cpuMilli &&
          memoryBytes <= allocatable.memoryBytes - requested.memoryBytes &&
          ephemeralBytes <= allocatable.ephemeralBytes - requested.ephemeralBytes &&
          !others
        ) {
          return undefined;
        }
        return explainShortage(info, node, tooMany, isIgnored);
      };
    },
    prepareScore: createResourceScorer(args.scoringStrategy),
  };
}

export const nodeResourcesFit = createNodeResourcesFit();

const tooManyPods: Rejection = { plugin: name, reasons: ["Too many pods"], resolvable: true };

/** Which resources are short; a request above all that the node has cannot be helped by removing pods. */
function explainShortage(
  info: PodInfo,
  node: NodeInfo,
  tooMany: boolean,
  isIgnored: (name: string) => boolean,
): Rejection | undefined {
  const { allocatable, requested } = node;
  const reasons = tooMany ? ["Too many pods"] : [];
  let resolvable = true;
  const check = (resource: string, wanted: number, total: number, used: number) => {
    if (wanted === 0 || wanted <= total - used) return;
    reasons.push(`Insufficient ${resource}`);
    if (wanted > total) resolvable = false;
  };
  check("cpu", info.requests.cpuMilli, allocatable.cpuMilli, requested.cpuMilli);
  check("memory", info.requests.memoryBytes, allocatable.memoryBytes, requested.memoryBytes);
  check("ephemeral-storage", info.requests.ephemeralBytes, allocatable.ephemeralBytes, requested.ephemeralBytes);
  for (const [resource, wanted] of info.requests.others ?? []) {
    if (isIgnored(resource)) continue;
    check(resource, wanted, allocatable.others?.get(resource) ?? 0, requested.others?.get(resource) ?? 0);
  }
  return reasons.length > 0 ? shortage(reasons, resolvable) : undefined;
}

/** Refusals that were told before, by their reasons: there are few, and many nodes have the same. */
const shortages = new Map<string, Rejection>();
const shortagesMax = 1000;

function shortage(reasons: readonly string[], resolvable: boolean): Rejection {
  const key = `${resolvable} ${reasons}`;
  const known = shortages.get(key);
  if (known) return known;
  if (shortages.size >= shortagesMax) shortages.clear();
  const made = { plugin: name, reasons, resolvable };
  shortages.set(key, made);
  return made;
}

/** Only extended resources can be left to others. */
function ignoredBy({ ignoredResources, ignoredResourceGroups }: NodeResourcesFitArgs): (resource: string) => boolean {
  if (ignoredResources.length === 0 && ignoredResourceGroups.length === 0) return () => false;
  const resources = new Set(ignoredResources);
  const groups = new Set(ignoredResourceGroups);
  return (resource) => {
    if (!resource.includes("/")) return false;
    return resources.has(resource) || groups.has(resource.slice(0, resource.indexOf("/")));
  };
}

/** Whether the node could hold the pod if it were empty. */
function mayFit(requests: Resources, allocatable: Readonly<Record<string, string | number>> | undefined): boolean {
  return everyAmount(requests, (resource, wanted) => wanted <= amountOf(allocatable, resource));
}

function freesAny(wanted: Resources, before: Resources, after: Resources): boolean {
  const shrank = (a: number, b: number) => a > b;
  if (wanted.cpuMilli > 0 && shrank(before.cpuMilli, after.cpuMilli)) return true;
  if (wanted.memoryBytes > 0 && shrank(before.memoryBytes, after.memoryBytes)) return true;
  if (wanted.ephemeralBytes > 0 && shrank(before.ephemeralBytes, after.ephemeralBytes)) return true;
  for (const resource of wanted.others?.keys() ?? []) {
    if (shrank(before.others?.get(resource) ?? 0, after.others?.get(resource) ?? 0)) return true;
  }
  return false;
}

function everyAmount(requests: Resources, test: (resource: string, wanted: number) => boolean): boolean {
  const { cpuMilli, memoryBytes, ephemeralBytes, others } = requests;
  if (cpuMilli > 0 && !test("cpu", cpuMilli)) return false;
  if (memoryBytes > 0 && !test("memory", memoryBytes)) return false;
  if (ephemeralBytes > 0 && !test("ephemeral-storage", ephemeralBytes)) return false;
  for (const [resource, wanted] of others ?? []) if (wanted > 0 && !test(resource, wanted)) return false;
  return true;
}
