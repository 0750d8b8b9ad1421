import { compareQuantity, parseQuantity } from "../../api/meta/index.ts";
import type { Container, Pod, ResourceRequirements } from "../../api/types/index.ts";
import type { ObservedContainer } from "./observed.ts";
import type { PodMemory } from "./situation.ts";

/** What a resize can change of a container. */
const resizable = ["cpu", "memory"] as const;

/** Why a resize is not made yet. (KEP-1287) */
export interface PendingResize {
  /** The node has not enough left now, or never will. */
  readonly reason: "Deferred" | "Infeasible";
  readonly message: string;
}

/** CPU and memory of a container, as text that is the same exactly if they are. */
export function resourcesText({ resources }: Container): string {
  const pick = (list: Readonly<Record<string, string>> | undefined) =>
    resizable.flatMap((name) => (list?.[name] === undefined ? [] : [[name, list[name]] as const]));
  return JSON.stringify({
    requests: Object.fromEntries(pick(resources?.requests)),
    limits: Object.fromEntries(pick(resources?.limits)),
  });
}

/** With what resources a container runs: those it was made with, or was resized to since. */
export function appliedResources(memory: PodMemory, seen: ObservedContainer): string | undefined {
  return memory.resized.get(seen.id) ?? seen.resources;
}

export type ResizeStep = "none" | "inPlace" | "restart";

/** How a running container comes to what its pod was given: at once, unless its resize policy wants it made anew. */
export function resizeStepOf(container: Container, applied: string | undefined): ResizeStep {
  const wanted = resourcesText(container);
  if (applied === undefined || applied === wanted) return "none";
  const before: Pick<ResourceRequirements, "requests" | "limits"> = JSON.parse(applied);
  const isChanged = (name: string): boolean =>
    !sameAmount(before.requests?.[name], container.resources?.requests?.[name]) ||
    !sameAmount(before.limits?.[name], container.resources?.limits?.[name]);
  const restarts = (container.resizePolicy ?? []).some(
    ({ resourceName, restartPolicy }) => restartPolicy === "RestartContainer" && isChanged(resourceName),
  );
  if (restarts) return "restart";
  return resizable.some(isChanged) ? "inPlace" : "none";
}

function sameAmount(a: string | undefined, b: string | undefined): boolean {
  if (a === undefined || b === undefined) return a === b;
  return compareQuantity(parseQuantity(a), parseQuantity(b)) === 0;
}

/** Resources by container, as the node has given them to a pod. */
export type Allocation = ReadonlyMap<string, ResourceRequirements | undefined>;

export function allocationOf({ spec }: Pod): Allocation {
  const all = [...(spec?.containers ?? []), ...(spec?.initContainers ?? [])];
  return new Map(all.map(({ name, resources }) => [name, resources]));
}

/**
 * What a pod was given that this kubelet has not seen before: while a resize waits, its status tells what it has, its
 * spec only what it wants.
 */
export function knownAllocation(pod: Pod): Allocation {
  const isPending = pod.status?.conditions?.some(
    ({ type, status }) => type === "PodResizePending" && status === "True",
  );
  if (isPending !== true) return allocationOf(pod);
  const { containerStatuses = [], initContainerStatuses = [] } = pod.status ?? {};
  const given = new Map([...containerStatuses, ...initContainerStatuses].map((one) => [one.name, one]));
  return new Map(
    [...allocationOf(pod)].map(([name, resources]) => {
      const status = given.get(name);
      if (status?.allocatedResources === undefined) return [name, resources];
      return [name, { ...resources, requests: status.allocatedResources, limits: status.resources?.limits }];
    }),
  );
}

/** The pod as if it wanted no more than it was given. */
export function withAllocation(pod: Pod, allocation: Allocation): Pod {
  const given = (container: Container): Container => {
    const resources = allocation.get(container.name);
    if (resources === container.resources || !allocation.has(container.name)) return container;
    return { ...container, resources };
  };
  const { containers, initContainers } = pod.spec ?? {};
  if (containers === undefined) return pod;
  const next = containers.map(given);
  const init = initContainers?.map(given);
  const isSame =
    next.every((one, i) => one === containers[i]) && (init ?? []).every((one, i) => one === initContainers?.[i]);
  if (isSame) return pod;
  return { ...pod, spec: { ...pod.spec, containers: next, ...(init === undefined ? {} : { initContainers: init }) } };
}

/** Whether two pods give their containers the same CPU and memory. */
export function sameResources(a: Pod, b: Pod): boolean {
  if (a.spec === b.spec) return true; // what most looks at a pod find
  const texts = ({ spec }: Pod) =>
    [...(spec?.containers ?? []), ...(spec?.initContainers ?? [])].map((one) => `${one.name}${resourcesText(one)}`);
  const [left, right] = [texts(a), texts(b)];
  return left.length === right.length && left.every((text, i) => text === right[i]);
}
