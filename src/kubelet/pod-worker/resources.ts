import { compareQuantity, formatQuantity, parseQuantity } from "../../api/meta/index.ts";
import { podTotals, type ResourceField } from "../../api/pod-resources/index.ts";
import type { Pod, PodSpec, ResourceRequirements } from "../../api/types/index.ts";

type ResourceList = Record<string, string>;

const computeResources = ["cpu", "memory"] as const;

/** What the pod as a whole asks for. */
export function podRequests(pod: Pod): Readonly<ResourceList> {
  return total(pod, "requests");
}

/** Sums by spec, which never changes: they are asked for at each look at a pod, and when another comes to its node. */
const totals = { requests: new WeakMap<PodSpec, ResourceList>(), limits: new WeakMap<PodSpec, ResourceList>() };

function total(pod: Pod, field: ResourceField): Readonly<ResourceList> {
  const known = totals[field].get(pod.spec);
  if (known !== undefined) return known;
  const sums = Object.fromEntries(
    [...podTotals(pod, field, "wanted")].map(([name, amount]) => [name, formatQuantity(amount)]),
  );
  totals[field].set(pod.spec, sums);
  return sums;
}

/** The pod's resources in its status: limits only of what every container limits. */
export function podResources(pod: Pod, isRunning: boolean): ResourceRequirements {
  const pick = (list: ResourceList): ResourceList =>
    Object.fromEntries(Object.entries(list).filter(([name]) => computeResources.some((known) => known === name)));
  const requests = pick(podRequests(pod));
  const limits: ResourceList = {};
  if (isRunning) {
    const sums = pick(total(pod, "limits"));
    for (const name of computeResources) {
      const isBounded = pod.spec?.containers.every((container) => container.resources?.limits?.[name] !== undefined);
      const ofPod = pod.spec?.resources?.limits?.[name];
      if ((isBounded || ofPod !== undefined) && sums[name] !== undefined) limits[name] = sums[name];
    }
  }
  return {
    ...(isEmpty(limits) ? {} : { limits }),
    ...(isEmpty(requests) ? {} : { requests }),
  };
}

export function isEmpty(list: object): boolean {
  return Object.keys(list).length === 0;
}

/** As the API server sets it at creation; computed only for pods that came without. */
export function qosClassOf(pod: Pod): string {
  const { containers = [], initContainers = [], resources: ofPod } = pod.spec ?? {};
  // KEP-2837: a pod that says what it takes as a whole is judged by that alone.
  const all = ofPod === undefined ? [...containers, ...initContainers] : [{ resources: ofPod }];
  const isSet = (list: ResourceList | undefined): boolean =>
    computeResources.some((name) => list?.[name] !== undefined && list[name] !== "0");
  if (!all.some(({ resources }) => isSet(resources?.requests) || isSet(resources?.limits))) return "BestEffort";
  const guaranteed = all.every(({ resources }) =>
    computeResources.every((name) => {
      const limit = resources?.limits?.[name];
      const request = resources?.requests?.[name] ?? limit;
      return limit !== undefined && request !== undefined && sameAmount(limit, request);
    }),
  );
  return guaranteed ? "Guaranteed" : "Burstable";
}

function sameAmount(a: string, b: string): boolean {
  return compareQuantity(parseQuantity(a), parseQuantity(b)) === 0;
}
