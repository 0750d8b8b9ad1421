// What a pod asks for, by the published sum: containers and sidecars together, or the highest moment of the init
// containers; pod-level requests instead; overhead on top. Of a resize the larger of spec and status counts.
import type { Container, Pod } from "../../../../src/api/types/index.ts";

export type Amounts = Readonly<Record<string, number>>;
type Quantities = Readonly<Record<string, string | number>> | undefined;

const suffixes: Readonly<Record<string, number>> = {
  m: 1 / 1000,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
};

/** CPU in thousandths, all else whole. */
export function amounts(quantities: Quantities): Amounts {
  const entries = Object.entries(quantities ?? {}).map(([name, quantity]) => {
    const [, digits = "", suffix = ""] = /^([0-9.]+)([A-Za-z]*)$/.exec(String(quantity)) ?? [];
    const value = Number(digits) * (suffix === "" ? 1 : (suffixes[suffix] ?? Number.NaN));
    return [name, name === "cpu" ? Math.ceil(value * 1000 - 1e-6) : Math.ceil(value - 1e-6)] as const;
  });
  return Object.fromEntries(entries);
}

const plus = (a: Amounts, b: Amounts): Amounts => merge(a, b, (x, y) => x + y);
const larger = (a: Amounts, b: Amounts): Amounts => merge(a, b, Math.max);

function merge(a: Amounts, b: Amounts, join: (x: number, y: number) => number): Amounts {
  const names = new Set([...Object.keys(a), ...Object.keys(b)]);
  return Object.fromEntries(
    [...names].map((name) => [
      name,
      name in a && name in b ? join(a[name] ?? 0, b[name] ?? 0) : (a[name] ?? b[name] ?? 0),
    ]),
  );
}

const isPodLevel = (name: string) => name === "cpu" || name === "memory" || name.startsWith("hugepages-");

/** @param missing what containers that say nothing of a resource are taken to ask for. */
export function requestsOf(pod: Pod, missing: Amounts = {}): Amounts {
  const infeasible = pod.status?.conditions?.find(({ type }) => type === "PodResizePending")?.reason === "Infeasible";
  const statuses = [...(pod.status?.containerStatuses ?? []), ...(pod.status?.initContainerStatuses ?? [])];
  const ofContainer = (container: Container): Amounts => {
    const spec = amounts(container.resources?.requests);
    const status = statuses.find(({ name }) => name === container.name);
    const actual = larger(amounts(status?.resources?.requests), amounts(status?.allocatedResources));
    const asked = status?.resources === undefined ? spec : infeasible ? actual : larger(spec, actual);
    return { ...missing, ...asked };
  };
  let running: Amounts = {};
  let sidecars: Amounts = {};
  let peak: Amounts = {};
  for (const container of pod.spec?.initContainers ?? []) {
    const asked = ofContainer(container);
    if (container.restartPolicy === "Always") {
      sidecars = plus(sidecars, asked);
      peak = larger(peak, sidecars);
    } else {
      peak = larger(peak, plus(sidecars, asked));
    }
  }
  for (const container of pod.spec?.containers ?? []) running = plus(running, ofContainer(container));
  const sum = larger(plus(running, sidecars), peak);
  const podLevel = Object.entries(amounts(pod.spec?.resources?.requests)).filter(([name]) => isPodLevel(name));
  return plus({ ...sum, ...Object.fromEntries(podLevel) }, amounts(pod.spec?.overhead));
}

const littleCpu = 100;
const littleMemory = 200 * 2 ** 20;

/** As scoring counts pods that run: containers that ask for no CPU or memory count a little, so that they spread too. */
export function countedRequests(pod: Pod): Amounts {
  const asked = requestsOf(pod);
  const hasPodLevel = Object.keys(pod.spec?.resources?.requests ?? {}).some(isPodLevel);
  if (!hasPodLevel) return incomingRequests(pod);
  const missing = {
    ...(!("cpu" in asked) && { cpu: littleCpu }),
    ...(!("memory" in asked) && { memory: littleMemory }),
  };
  return requestsOf(pod, missing);
}

/** As scoring counts the pod that is to be placed. */
export function incomingRequests(pod: Pod): Amounts {
  return requestsOf(pod, { cpu: littleCpu, memory: littleMemory });
}

export function total(pods: readonly Pod[], of: (pod: Pod) => Amounts): Amounts {
  return pods.map(of).reduce(plus, {});
}
