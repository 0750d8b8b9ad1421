/** The cgroups of a node's pods: what each pod, each class of them, and all together may use of the machine. */

export { type Cgroups, openCgroups } from "./cgroup-files.ts";
export type { CgroupDriver, CgroupName } from "./cgroup-names.ts";
export { cpuQuotaOf, cpuQuotaPeriodMicros, cpuSharesOf } from "./cpu.ts";
export { PodCgroups, type PodCgroupsOptions } from "./pod-cgroups.ts";
export { CgroupError, openSystemdCgroups } from "./systemd/systemd-cgroups.ts";
