import { addQuantity, compareQuantity, formatQuantity, parseQuantity } from "../../api/meta/index.ts";
import type { Container, Pod, ResourceRequirements } from "../../api/types/index.ts";
import { isSidecar } from "./pod-spec.ts";

type ResourceList = Record<string, string>;

const computeResources = ["cpu", "memory"] as const;

/** What the pod as a whole asks for: sidecars and main containers together, or one init container when that is more. */
export function podRequests(pod: Pod): ResourceList {
  return total(pod, (container) => container.resources?.requests ?? {});
}

function total(pod: Pod, of: (container: Container) => ResourceList): ResourceList {
  const { containers = [], initContainers = [], overhead } = pod.spec ?? {};
  let sum: ResourceList = {};
  let peak: ResourceList = {};
  let sidecars: ResourceList = {};
  for (const container of containers) sum = add(sum, of(container));
  for (const container of initContainers) {
    if (isSidecar(container)) {
      sidecars = add(sidecars, of(container));
      sum = add(sum, of(container));
      peak = most(peak, sidecars);
    } else peak = most(peak, add(sidecars, of(container)));
  }
  const result = most(sum, peak);
  return overhead === undefined ? result : add(result, overhead);
}

/** The pod's resources in its status: limits only of what every container limits. */
export function podResources(pod: Pod, isRunning: boolean): ResourceRequirements {
  const pick = (list: ResourceList): ResourceList =>
    Object.fromEntries(Object.entries(list).filter(([name]) => computeResources.some((known) => known === name)));
  const requests = pick(podRequests(pod));
  const limits: ResourceList = {};
  if (isRunning) {
    const sums = pick(total(pod, (container) => container.resources?.limits ?? {}));
    for (const name of computeResources) {
      const bounded = pod.spec?.containers.every((container) => container.resources?.limits?.[name] !== undefined);
      if (bounded && sums[name] !== undefined) limits[name] = sums[name];
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

function add(a: ResourceList, b: ResourceList): ResourceList {
  if (isEmpty(b)) return a;
  const sum = { ...a };
  for (const [name, text] of Object.entries(b)) {
    const known = sum[name];
    sum[name] = known === undefined ? text : formatQuantity(addQuantity(parseQuantity(known), parseQuantity(text)));
  }
  return sum;
}

function most(a: ResourceList, b: ResourceList): ResourceList {
  if (isEmpty(b)) return a;
  const max = { ...a };
  for (const [name, text] of Object.entries(b)) {
    const known = max[name];
    if (known === undefined || compareQuantity(parseQuantity(known), parseQuantity(text)) < 0) max[name] = text;
  }
  return max;
}

/** As the API server sets it at creation; computed only for pods that came without. */
export function qosClassOf(pod: Pod): string {
  const { containers = [], initContainers = [] } = pod.spec ?? {};
  const all = [...containers, ...initContainers];
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
