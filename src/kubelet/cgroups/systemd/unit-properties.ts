import { array, type BusValue, boolean, string, uint64 } from "../../dbus/index.ts";
import { cpuQuotaPeriodMicros, cpuWeightOf } from "../cpu.ts";
import type { CgroupLimits } from "../pod-limits.ts";

/** A property of a unit and what it is to be. */
export type UnitProperty = readonly [name: string, value: BusValue];

/** How systemd, and the kernel for some limits, say that there is none. */
const unlimited = 2n ** 64n - 1n;
/** From this version on a quota's period can be told. */
const quotaPeriodVersion = 242;
/** systemd counts quotas in whole percent of a second: what containers below it are given must fit. */
const quotaStepMicros = 10_000;
const microsPerSecond = 1_000_000;

/** A slice that is made so that cgroups can be below it. @param version of the kernel's cgroups */
export function newSlice(unit: string, above: string, version: 1 | 2): readonly UnitProperty[] {
  return [
    ["Description", string(`libcontainer container ${unit}`)],
    // A slice's place comes from its name; that the one above is there is asked for.
    ["Wants", array([above])],
    ["MemoryAccounting", boolean(true)],
    ["CPUAccounting", boolean(true)],
    [version === 2 ? "IOAccounting" : "BlockIOAccounting", boolean(true)],
    ["TasksAccounting", boolean(true)],
    ["DefaultDependencies", boolean(false)],
  ];
}

/** Limits that systemd keeps: what it does not know, such as huge pages, only the kernel is told. */
export function limitProperties(limits: CgroupLimits, version: 1 | 2, systemdVersion: number): readonly UnitProperty[] {
  const { memoryBytes, cpuShares, cpuPeriodMicros: period, cpuQuotaMicros: quota, processes } = limits;
  const properties: UnitProperty[] = [];
  if (memoryBytes !== undefined) properties.push([version === 2 ? "MemoryMax" : "MemoryLimit", limit(memoryBytes)]);
  if (cpuShares !== undefined) {
    properties.push(
      version === 2 ? ["CPUWeight", uint64(BigInt(cpuWeightOf(cpuShares)))] : ["CPUShares", uint64(BigInt(cpuShares))],
    );
  }
  if (period !== undefined && systemdVersion >= quotaPeriodVersion) {
    properties.push(["CPUQuotaPeriodUSec", uint64(BigInt(period))]);
  }
  if (quota !== undefined) {
    const perSecond = quota > 0 ? BigInt(quotaPerSecond(quota, period)) : unlimited;
    properties.push(["CPUQuotaPerSecUSec", uint64(perSecond)]);
  }
  if (processes !== undefined) properties.push(["TasksMax", limit(processes)]);
  return properties;
}

/** The limits with a quota as systemd rounds it up, so that the kernel is told the same. */
export function roundedQuota(limits: CgroupLimits): CgroupLimits {
  const { cpuQuotaMicros: quota, cpuPeriodMicros: period } = limits;
  if (quota === undefined || quota <= 0) return limits;
  const perSecond = quotaPerSecond(quota, period);
  return { ...limits, cpuQuotaMicros: Math.floor((perSecond * (period ?? cpuQuotaPeriodMicros)) / microsPerSecond) };
}

function quotaPerSecond(quota: number, period = cpuQuotaPeriodMicros): number {
  const micros = Math.floor((quota * microsPerSecond) / period);
  return Math.ceil(micros / quotaStepMicros) * quotaStepMicros;
}

function limit(value: number): BusValue {
  return uint64(value === -1 ? unlimited : BigInt(value));
}
