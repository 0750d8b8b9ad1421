import { formatTime } from "../../../api/meta/index.ts";
import { podUidLabel } from "../../runtime/labels.ts";
import type { ContainerStats } from "../../runtime/runtime.ts";
import type { NamedVolumeUsage } from "../../volumes/index.ts";
import type { ServedNode, ServedPod } from "../served-node.ts";
import type { MachineUsage } from "./machine.ts";

/** `/stats/summary`: what node, pods and containers use. Numbers are as large as JSON holds them. */
export async function statsSummary(node: ServedNode, onlyCpuAndMemory: boolean): Promise<object> {
  const [machine, containers, images] = await Promise.all([
    node.usage?.machine(),
    node.usage?.listContainerStats() ?? [],
    onlyCpuAndMemory ? [] : node.runtime.imageFsInfo(),
  ]);
  const now = formatTime(node.host.clock.now());
  const byPod = Map.groupBy(containers, ({ labels }) => labels[podUidLabel] ?? "");
  const pods = [...node.pods()].filter(isStarted);
  const volumes = await Promise.all(pods.map(({ pod }) => (onlyCpuAndMemory ? [] : node.usage?.volumes(pod)) ?? []));
  return {
    node: {
      nodeName: node.name,
      startTime: machine && formatTime(machine.startedAtMs),
      ...(machine && { cpu: machineCpu(now, machine), memory: machineMemory(now, machine) }),
      ...(onlyCpuAndMemory || images[0] === undefined
        ? {}
        : { runtime: { imageFs: { time: now, usedBytes: images[0].usedBytes, inodesUsed: images[0].inodesUsed } } }),
    },
    pods: pods.map((served, i) => ({
      ...podStats(served, byPod.get(served.pod.metadata.uid ?? "") ?? [], onlyCpuAndMemory),
      ...((volumes[i]?.length ?? 0) > 0 && {
        volume: volumes[i]?.map((usage) => volumeStats(now, served, usage)),
      }),
    })),
  };
}

function isStarted({ pod }: ServedPod): boolean {
  return pod.status?.startTime != null && pod.status.phase !== "Succeeded" && pod.status.phase !== "Failed";
}

function podStats({ pod }: ServedPod, containers: readonly ContainerStats[], onlyCpuAndMemory: boolean): object {
  const { name, namespace, uid } = pod.metadata;
  const latestMs = Math.max(0, ...containers.map(({ atMs }) => atMs));
  return {
    podRef: { name, namespace, uid },
    startTime: pod.status?.startTime,
    containers: containers.map((one) => containerStats(pod.status?.startTime, one, onlyCpuAndMemory)),
    ...(containers.length > 0 && {
      cpu: cpuStats(formatTime(latestMs), {
        usageNanoCores: sum(containers, ({ cpu }) => cpu?.usageNanoCores),
        usageCoreNanoSeconds: containers.reduce((all, { cpu }) => all + (cpu?.usageCoreNanoSeconds ?? 0n), 0n),
      }),
      memory: {
        time: formatTime(latestMs),
        usageBytes: sum(containers, ({ memory }) => memory?.usageBytes),
        workingSetBytes: sum(containers, ({ memory }) => memory?.workingSetBytes),
        rssBytes: sum(containers, ({ memory }) => memory?.rssBytes),
      },
    }),
  };
}

function volumeStats(
  time: string,
  { pod }: ServedPod,
  { name, claimName, capacityBytes, availableBytes, usedBytes, inodes, inodesFree, inodesUsed }: NamedVolumeUsage,
): object {
  const counts = { availableBytes, capacityBytes, usedBytes, inodesFree, inodes, inodesUsed };
  const claim = claimName && { pvcRef: { name: claimName, namespace: pod.metadata.namespace } };
  return { time, ...counts, name, ...claim };
}

function containerStats(podStart: string | undefined, stats: ContainerStats, onlyCpuAndMemory: boolean): object {
  const { metadata, atMs, cpu, memory, writableLayer } = stats;
  const time = formatTime(atMs);
  return {
    name: metadata.name,
    startTime: podStart,
    ...(cpu && { cpu: cpuStats(time, cpu) }),
    ...(memory && { memory: { time, ...memory } }),
    ...(onlyCpuAndMemory || writableLayer === undefined
      ? {}
      : { rootfs: { time, usedBytes: writableLayer.usedBytes, inodesUsed: writableLayer.inodesUsed } }),
  };
}

function cpuStats(time: string, cpu: { usageNanoCores?: number; usageCoreNanoSeconds: bigint }): object {
  return { time, usageNanoCores: cpu.usageNanoCores, usageCoreNanoSeconds: Number(cpu.usageCoreNanoSeconds) };
}

function machineCpu(time: string, { cpuNanoSeconds }: MachineUsage): object {
  return { time, usageCoreNanoSeconds: Number(cpuNanoSeconds) };
}

function machineMemory(time: string, machine: MachineUsage): object {
  const { memoryTotalBytes, memoryUsedBytes, memoryWorkingSetBytes } = machine;
  return {
    time,
    availableBytes: memoryTotalBytes - memoryWorkingSetBytes,
    usageBytes: memoryUsedBytes,
    workingSetBytes: memoryWorkingSetBytes,
  };
}

function sum(all: readonly ContainerStats[], of: (stats: ContainerStats) => number | undefined): number {
  return all.reduce((total, one) => total + (of(one) ?? 0), 0);
}
