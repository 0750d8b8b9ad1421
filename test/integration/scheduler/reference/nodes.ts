// Filters and scores that ask only what the pod says and what the node is.
import type { Node, NodeSelectorTerm, Pod, Taint, Toleration } from "../../../../src/api/types/index.ts";
import { type Filter, label, nameOf, podsOn, type Refusal, type Scores } from "./world.ts";

const refusal = (reason: string, resolvable = false): Refusal => ({ reasons: [reason], resolvable });

export function tolerated(taint: Taint, tolerations: readonly Toleration[] = []): boolean {
  return tolerations.some(({ key = "", operator = "", value = "", effect = "" }) => {
    if (effect !== "" && effect !== taint.effect) return false;
    if (key !== "" && key !== taint.key) return false;
    if (operator === "Exists") return true;
    if (operator === "" || operator === "Equal") return key !== "" && value === (taint.value ?? "");
    if (!/^-?\d+$/.test(value) || !/^-?\d+$/.test(taint.value ?? "")) return false;
    return operator === "Lt" ? Number(taint.value) < Number(value) : Number(taint.value) > Number(value);
  });
}

export const nodeUnschedulable: Filter = (_world, pod, node) => {
  const cordon = { key: "node.kubernetes.io/unschedulable", effect: "NoSchedule" };
  const refused = node.spec?.unschedulable && !tolerated(cordon, pod.spec?.tolerations);
  return refused ? refusal("node(s) were unschedulable") : undefined;
};

export const nodeName: Filter = (_world, pod, node) => {
  const wanted = pod.spec?.nodeName;
  return wanted && wanted !== nameOf(node) ? refusal("node(s) didn't match the requested node name") : undefined;
};

export const taintToleration: Filter = (_world, pod, node) => {
  const closed = node.spec?.taints?.some(
    (taint) => taint.effect !== "PreferNoSchedule" && !tolerated(taint, pod.spec?.tolerations),
  );
  return closed ? refusal("node(s) had untolerated taint(s)") : undefined;
};

function holdsTerm({ matchExpressions = [], matchFields = [] }: NodeSelectorTerm, node: Node): boolean {
  if (matchExpressions.length + matchFields.length === 0) return false;
  const holds = (operator: string, values: readonly string[], value: string | undefined) => {
    if (operator === "In") return value !== undefined && values.includes(value);
    if (operator === "NotIn") return value === undefined || !values.includes(value);
    if (operator === "Exists") return value !== undefined;
    if (operator === "DoesNotExist") return value === undefined;
    if (value === undefined || !/^-?\d+$/.test(value)) return false;
    return operator === "Gt" ? Number(value) > Number(values[0]) : Number(value) < Number(values[0]);
  };
  return (
    matchExpressions.every(({ key, operator, values = [] }) => holds(operator, values, label(node, key))) &&
    matchFields.every(({ operator, values = [] }) => holds(operator, values, nameOf(node)))
  );
}

/** Whether nodeSelector and required node affinity let the pod on the node. */
export function mayRunOn(pod: Pod, node: Node): boolean {
  for (const [key, value] of Object.entries(pod.spec?.nodeSelector ?? {})) if (label(node, key) !== value) return false;
  const terms = pod.spec?.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms;
  return terms === undefined || terms.some((term) => holdsTerm(term, node));
}

export const nodeAffinity: Filter = (_world, pod, node) =>
  mayRunOn(pod, node) ? undefined : refusal("node(s) didn't match Pod's node affinity/selector");

function hostPortsOf(pod: Pod): { ip: string; protocol: string; port: number }[] {
  const sidecars = (pod.spec?.initContainers ?? []).filter(({ restartPolicy }) => restartPolicy === "Always");
  return [...sidecars, ...(pod.spec?.containers ?? [])].flatMap(({ ports = [] }) =>
    ports.flatMap(({ hostPort, hostIP, protocol = "TCP" }) =>
      hostPort ? [{ ip: hostIP || "0.0.0.0", protocol, port: hostPort }] : [],
    ),
  );
}

export const nodePorts: Filter = (world, pod, node) => {
  const used = podsOn(world, node).flatMap(hostPortsOf);
  const anywhere = "0.0.0.0";
  const isTaken = hostPortsOf(pod).some(({ ip, protocol, port }) =>
    used.some(
      (other) =>
        other.port === port &&
        other.protocol === protocol &&
        (ip === anywhere || other.ip === anywhere || ip === other.ip),
    ),
  );
  return isTaken ? refusal("node(s) didn't have free ports for the requested pod ports", true) : undefined;
};

/** Counts to 0..100 in relation to the largest; reversed, the largest gets the least. */
function inRelation(counts: readonly number[], reverse: boolean): number[] {
  const max = Math.max(0, ...counts);
  return counts.map((count) => {
    const score = max === 0 ? 0 : Math.trunc((100 * count) / max);
    return reverse ? 100 - score : score;
  });
}

export const taintScores: Scores = (_world, pod, nodes) => {
  const tolerations = pod.spec?.tolerations?.filter(({ effect }) => !effect || effect === "PreferNoSchedule");
  const counts = nodes.map(
    ({ spec }) =>
      (spec?.taints ?? []).filter((taint) => taint.effect === "PreferNoSchedule" && !tolerated(taint, tolerations))
        .length,
  );
  return inRelation(counts, true);
};

export const nodeAffinityScores: Scores = (_world, pod, nodes) => {
  const preferred = pod.spec?.affinity?.nodeAffinity?.preferredDuringSchedulingIgnoredDuringExecution ?? [];
  if (preferred.length === 0) return undefined;
  const sums = nodes.map((node) =>
    preferred.reduce((sum, { weight, preference }) => sum + (holdsTerm(preference, node) ? weight : 0), 0),
  );
  return inRelation(sums, false);
};

/** Larger images that more nodes have count more. */
export const imageScores: Scores = (world, pod, nodes) => {
  const containers = [...(pod.spec?.initContainers ?? []), ...(pod.spec?.containers ?? [])];
  const megabyte = 2 ** 20;
  const [least, most] = [23 * megabyte, 1000 * megabyte * containers.length];
  const sizeOn = (node: Node, image: string) =>
    node.status?.images?.find(({ names }) => names?.includes(image))?.sizeBytes ?? 0;
  return nodes.map((node) => {
    let sum = 0;
    for (const { image = "" } of containers) {
      const name = image.lastIndexOf(":") <= image.lastIndexOf("/") ? `${image}:latest` : image;
      const having = world.nodes.filter((other) => sizeOn(other, name) > 0).length;
      sum += Math.trunc(sizeOn(node, name) * (having / world.nodes.length));
    }
    const bounded = Math.min(Math.max(sum, least), most);
    return Math.trunc((100 * (bounded - least)) / (most - least));
  });
};
