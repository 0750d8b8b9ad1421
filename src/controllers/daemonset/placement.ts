import { isTolerated, mayRunOn } from "../../api/placement/index.ts";
import type { DaemonSet, Node, Pod, Toleration } from "../../api/types/index.ts";

export interface Placement {
  /** A pod is to be made here when there is none. */
  readonly shouldRun: boolean;
  /** A pod that is here may stay. */
  readonly mayStay: boolean;
}

const ownTolerations: readonly Toleration[] = [
  { key: "node.kubernetes.io/not-ready", operator: "Exists", effect: "NoExecute" },
  { key: "node.kubernetes.io/unreachable", operator: "Exists", effect: "NoExecute" },
  { key: "node.kubernetes.io/disk-pressure", operator: "Exists", effect: "NoSchedule" },
  { key: "node.kubernetes.io/memory-pressure", operator: "Exists", effect: "NoSchedule" },
  { key: "node.kubernetes.io/pid-pressure", operator: "Exists", effect: "NoSchedule" },
  { key: "node.kubernetes.io/unschedulable", operator: "Exists", effect: "NoSchedule" },
];
const hostNetworkToleration: Toleration = {
  key: "node.kubernetes.io/network-unavailable",
  operator: "Exists",
  effect: "NoSchedule",
};

/** Daemons run where others may not: their pods tolerate what is wrong with nodes. */
export function daemonTolerations(set: DaemonSet): Toleration[] {
  const { tolerations = [], hostNetwork } = set.spec.template.spec ?? {};
  const own = hostNetwork ? [...ownTolerations, hostNetworkToleration] : ownTolerations;
  const has = (wanted: Toleration) =>
    tolerations.some(
      ({ key, effect, operator }) => key === wanted.key && effect === wanted.effect && operator === wanted.operator,
    );
  return [...tolerations, ...own.filter((toleration) => !has(toleration))];
}

export function placementOn(set: DaemonSet, node: Node): Placement {
  const spec = set.spec.template.spec;
  const wantsNode = !spec?.nodeName || spec.nodeName === node.metadata.name;
  const { name = "", labels = {} } = node.metadata;
  if (!wantsNode || !mayRunOn(spec, { name, labels })) return { shouldRun: false, mayStay: false };
  const tolerations = daemonTolerations(set);
  const bad = (node.spec?.taints ?? []).filter(
    (taint) => taint.effect !== "PreferNoSchedule" && !isTolerated(taint, tolerations),
  );
  return { shouldRun: bad.length === 0, mayStay: !bad.some(({ effect }) => effect === "NoExecute") };
}

/** The node a daemon's pod is on, or is bound to go to. */
export function nodeOf(pod: Pod): string | undefined {
  if (pod.spec.nodeName) return pod.spec.nodeName;
  const required = pod.spec.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution;
  const [field] = required?.nodeSelectorTerms[0]?.matchFields ?? [];
  return field?.key === "metadata.name" ? field.values?.[0] : undefined;
}

/** The scheduler shall put the pod on this node and no other. */
export function affinityTo(name: string, affinity: NonNullable<Pod["spec"]["affinity"]> | undefined) {
  const matchFields = [{ key: "metadata.name", operator: "In", values: [name] }];
  const nodeAffinity = {
    ...affinity?.nodeAffinity,
    requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [{ matchFields }] },
  };
  return { ...affinity, nodeAffinity };
}
