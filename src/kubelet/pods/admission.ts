import { compareQuantity, parseQuantity, type Quantity, subQuantity, toMilli, toNumber } from "../../api/meta/index.ts";
import { mayRunOn } from "../../api/placement/index.ts";
import type { Node, Pod } from "../../api/types/index.ts";
import { type PendingResize, podRequests } from "../pod-worker/index.ts";
import { sysctlProblem } from "./sysctls.ts";

/** Why a node does not take a pod that was bound to it. */
export interface Refusal {
  readonly reason: string;
  readonly message: string;
}

/** Why a pod that runs here cannot be resized to what it wants, now or ever. */
export function resizeRefusalOf(pod: Pod, node: Node, others: readonly Pod[]): PendingResize | undefined {
  const { allocatable = {} } = node.status ?? {};
  for (const [name, text] of Object.entries(podRequests(pod))) {
    const capacity = allocatable[name];
    const asked = parseQuantity(text);
    if (capacity === undefined || compareQuantity(asked, parseQuantity(capacity)) <= 0) continue;
    const units = `requested: ${inUnits(name, asked)}, capacity: ${inUnits(name, parseQuantity(capacity))}`;
    return { reason: "Infeasible", message: `Node didn't have enough capacity: ${name}, ${units}` };
  }
  const refusal = outOfResources(pod, node, others);
  return refusal === undefined ? undefined : { reason: "Deferred", message: refusal.message };
}

/** The node's last word on a pod, as the original's predicates: a scheduler may have been wrong, or not asked. */
export function refusalOf(
  pod: Pod,
  node: Node,
  others: readonly Pod[],
  allowedUnsafeSysctls?: readonly string[],
): Refusal | undefined {
  return (
    sysctlForbidden(pod, allowedUnsafeSysctls) ??
    outOfResources(pod, node, others) ??
    notMatching(pod, node) ??
    portsTaken(pod, others)
  );
}

function sysctlForbidden(pod: Pod, allowed: readonly string[] | undefined): Refusal | undefined {
  const message = sysctlProblem(pod, allowed);
  return message === undefined ? undefined : { reason: "SysctlForbidden", message };
}

function outOfResources(pod: Pod, node: Node, others: readonly Pod[]): Refusal | undefined {
  const { allocatable = {} } = node.status ?? {};
  const podsMax = Number(allocatable.pods ?? Number.POSITIVE_INFINITY);
  if (others.length + 1 > podsMax) return outOf("pods", 1, others.length, podsMax);
  for (const [name, text] of Object.entries(podRequests(pod))) {
    const capacity = allocatable[name];
    const asked = parseQuantity(text);
    if (asked.nano === 0n) continue;
    if (capacity === undefined) return outOf(name, inUnits(name, asked), 0, 0);
    let left: Quantity = parseQuantity(capacity);
    for (const other of others) {
      const taken = podRequests(other)[name];
      if (taken !== undefined) left = subQuantity(left, parseQuantity(taken));
    }
    if (compareQuantity(asked, left) <= 0) continue;
    const total = parseQuantity(capacity);
    return outOf(name, inUnits(name, asked), inUnits(name, subQuantity(total, left)), inUnits(name, total));
  }
  return undefined;
}

function outOf(name: string, requested: number, used: number, capacity: number): Refusal {
  const message = `Node didn't have enough resource: ${name}, requested: ${requested}, used: ${used}, capacity: ${capacity}`;
  return { reason: `OutOf${name}`, message };
}

function inUnits(name: string, quantity: Quantity): number {
  return name === "cpu" ? toMilli(quantity) : toNumber(quantity);
}

function notMatching(pod: Pod, node: Node): Refusal | undefined {
  const { name = "", labels = {} } = node.metadata;
  if (mayRunOn(pod.spec, { name, labels })) return undefined;
  const message = "Predicate NodeAffinity failed: node(s) didn't match Pod's node affinity/selector";
  return { reason: "NodeAffinity", message };
}

function portsTaken(pod: Pod, others: readonly Pod[]): Refusal | undefined {
  const wanted = hostPorts(pod);
  if (wanted.length === 0) return undefined;
  const taken = others.flatMap(hostPorts);
  if (!wanted.some((port) => taken.some((other) => collide(port, other)))) return undefined;
  const message = "Predicate NodePorts failed: node(s) didn't have free ports for the requested pod ports";
  return { reason: "NodePorts", message };
}

interface HostPort {
  readonly port: string;
  /** Empty for all addresses of the node. */
  readonly ip: string;
}

function hostPorts(pod: Pod): HostPort[] {
  const ports = (pod.spec?.containers ?? []).flatMap((container) => container.ports ?? []);
  return ports.flatMap(({ hostPort, hostIP = "", protocol = "TCP" }) => {
    if (!hostPort) return [];
    return [{ port: `${protocol}/${hostPort}`, ip: hostIP === "0.0.0.0" || hostIP === "::" ? "" : hostIP }];
  });
}

function collide(a: HostPort, b: HostPort): boolean {
  return a.port === b.port && (a.ip === b.ip || a.ip === "" || b.ip === "");
}
