import type { Pod } from "../../api/types/index.ts";
import { podUid, qosClassOf } from "../pod-worker/index.ts";

/** Where a cgroup is below the root, outermost first: `["kubepods", "burstable", "podUID"]`. */
export type CgroupName = readonly string[];

/** Who makes cgroups: the kernel's file system itself, or systemd with its slices. The runtime says which it wants. */
export type CgroupDriver = "cgroupfs" | "systemd";

const top = "kubepods";
const classes = { Burstable: "burstable", BestEffort: "besteffort" } as const;
export type SharedClass = keyof typeof classes;

/** All pods of the node. */
export function podsCgroup(root: CgroupName): CgroupName {
  return [...root, top];
}

/** All pods of a class; guaranteed pods are beside the classes, not below one. */
export function classCgroup(root: CgroupName, qosClass: SharedClass): CgroupName {
  return [...podsCgroup(root), classes[qosClass]];
}

export function podCgroup(root: CgroupName, pod: Pod): CgroupName {
  const qosClass = pod.status?.qosClass ?? qosClassOf(pod);
  const parent = qosClass === "Burstable" || qosClass === "BestEffort" ? classCgroup(root, qosClass) : podsCgroup(root);
  return [...parent, `pod${podUid(pod)}`];
}

/** The UID of the pod whose cgroup this is. */
export function uidOf(name: CgroupName): string | undefined {
  return /^pod(.+)$/.exec(name.at(-1) ?? "")?.[1];
}

/** How the runtime is told of it. A slice's name tells all of its place, so dashes within a part become underscores. */
export function runtimePath(name: CgroupName, driver: CgroupDriver): string {
  if (driver === "cgroupfs") return `/${name.join("/")}`;
  return `${name.map((part) => part.replaceAll("-", "_")).join("-")}.slice`;
}
