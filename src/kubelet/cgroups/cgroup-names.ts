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

/** How the runtime is told of it. */
export function runtimePath(name: CgroupName, driver: CgroupDriver): string {
  return `/${(driver === "cgroupfs" ? name : slicePath(name)).join("/")}`;
}

const suffix = ".slice";

/** The unit of systemd. Its name tells all of its place, so dashes within a part become underscores. */
export function sliceOf(name: CgroupName): string {
  return `${name.map((part) => part.replaceAll("-", "_")).join("-")}${suffix}`;
}

/** The unit that a unit is below. */
export function sliceAbove(name: CgroupName): string {
  return name.length <= 1 ? `-${suffix}` : sliceOf(name.slice(0, -1));
}

/** Where systemd puts the cgroup of the unit: each slice below the one that its name begins with. */
export function slicePath(name: CgroupName): CgroupName {
  return name.map((_, depth) => sliceOf(name.slice(0, depth + 1)));
}

/** The part that a slice's name adds to the one above; undefined for a cgroup that is no slice of it. */
export function partOf(slice: string, above: CgroupName): string | undefined {
  const prefix = above.length === 0 ? "" : `${sliceOf(above).slice(0, -suffix.length)}-`;
  if (!slice.startsWith(prefix) || !slice.endsWith(suffix)) return undefined;
  const part = slice.slice(prefix.length, -suffix.length);
  return part === "" || part.includes("-") ? undefined : part.replaceAll("_", "-");
}
