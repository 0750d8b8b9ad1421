import { addQuantity, compareQuantity, parseQuantity, type Quantity } from "../meta/index.ts";
import type { Container, ContainerStatus, Pod } from "../types/index.ts";

export type ResourceField = "requests" | "limits";

/**
 * What a pod asks for, or is limited to, as a whole: containers and sidecars together, or an init container (with the
 * sidecars before it) where it takes more; amounts of the pod itself instead where it names them (KEP-2837); and the
 * overhead.
 * @param view `wanted` is what the spec says; `running` is, while containers are resized in place, the larger of what is
 *   wanted, allocated and in use
 */
export function podTotals(pod: Pod, field: ResourceField, view: "wanted" | "running"): Map<string, Quantity> {
  const { spec } = pod;
  const status = view === "running" ? pod.status : undefined;
  const running = new Map<string, Quantity>();
  for (const container of spec.containers ?? []) {
    addAmounts(running, containerAmounts(container, field, statusOf(status?.containerStatuses, container)));
  }
  const sidecars = new Map<string, Quantity>();
  const starting = new Map<string, Quantity>();
  for (const container of spec.initContainers ?? []) {
    const amounts = containerAmounts(container, field, statusOf(status?.initContainerStatuses, container));
    if (container.restartPolicy === "Always") {
      addAmounts(running, amounts);
      addAmounts(sidecars, amounts);
      raise(starting, sidecars);
    } else {
      const together = new Map(sidecars);
      addAmounts(together, amounts);
      raise(starting, together);
    }
  }
  raise(running, starting);
  for (const [name, text] of Object.entries(spec.resources?.[field] ?? {})) running.set(name, parseQuantity(text));
  for (const [name, text] of Object.entries(spec.overhead ?? {})) {
    const present = running.get(name);
    if (field === "requests" || (present !== undefined && present.nano > 0n))
      running.set(name, present === undefined ? parseQuantity(text) : addQuantity(present, parseQuantity(text)));
  }
  return running;
}

/** Raises each total to at least the other one. */
function raise(totals: Map<string, Quantity>, others: ReadonlyMap<string, Quantity>): void {
  for (const [name, amount] of others) {
    const present = totals.get(name);
    if (present === undefined || compareQuantity(present, amount) < 0) totals.set(name, amount);
  }
}

function statusOf(statuses: readonly ContainerStatus[] | undefined, { name }: Container): ContainerStatus | undefined {
  return statuses?.find((status) => status.name === name);
}

/** While a container is resized, the larger of what is wanted, allocated and in use. */
function containerAmounts(
  container: Container,
  field: ResourceField,
  status: ContainerStatus | undefined,
): Map<string, Quantity> {
  const amounts = new Map<string, Quantity>();
  for (const texts of [
    container.resources?.[field],
    field === "requests" ? status?.allocatedResources : undefined,
    status?.resources?.[field],
  ]) {
    raise(amounts, new Map(Object.entries(texts ?? {}).map(([name, text]) => [name, parseQuantity(text)])));
  }
  return amounts;
}

/** Adds each amount to the total of its name. */
export function addAmounts(totals: Map<string, Quantity>, amounts: Iterable<readonly [string, Quantity]>): void {
  for (const [name, amount] of amounts) {
    const present = totals.get(name);
    totals.set(name, present === undefined ? amount : addQuantity(present, amount));
  }
}
