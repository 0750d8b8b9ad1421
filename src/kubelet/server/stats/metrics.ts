import { parseTime } from "../../../api/meta/index.ts";
import { podNameLabel, podNamespaceLabel, podUidLabel } from "../../runtime/labels.ts";
import type { ContainerStats } from "../../runtime/runtime.ts";
import type { ServedNode } from "../served-node.ts";
import { family, type Labels, type Sample } from "./exposition.ts";

/** `/metrics/resource`: what the metrics server reads. */
export async function resourceMetrics(node: ServedNode): Promise<string> {
  const { machine, containers } = await measured(node);
  const now = node.host.clock.now();
  const pods = [...byPod(containers)];
  const started = [...node.pods()].flatMap(({ pod }) =>
    (pod.status?.containerStatuses ?? []).flatMap(({ name, state }) =>
      state?.running?.startedAt == null
        ? []
        : [
            {
              labels: { container: name, namespace: pod.metadata.namespace ?? "", pod: pod.metadata.name ?? "" },
              value: parseTime(state.running.startedAt) / 1000,
            },
          ],
    ),
  );
  return [
    family(
      "container_cpu_usage_seconds_total",
      "counter",
      "Cumulative cpu time consumed by the container in core-seconds",
      containers.map((one) => sample(containerLabels(one), seconds(one), one.atMs)),
    ),
    family(
      "container_memory_working_set_bytes",
      "gauge",
      "Current working set of the container in bytes",
      containers.map((one) => sample(containerLabels(one), one.memory?.workingSetBytes ?? 0, one.atMs)),
    ),
    family("container_start_time_seconds", "gauge", "Start time of the container since unix epoch in seconds", started),
    family(
      "node_cpu_usage_seconds_total",
      "counter",
      "Cumulative cpu time consumed by the node in core-seconds",
      machine === undefined ? [] : [sample({}, Number(machine.cpuNanoSeconds) / 1e9, now)],
    ),
    family(
      "node_memory_working_set_bytes",
      "gauge",
      "Current working set of the node in bytes",
      machine === undefined ? [] : [sample({}, machine.memoryWorkingSetBytes, now)],
    ),
    family(
      "pod_cpu_usage_seconds_total",
      "counter",
      "Cumulative cpu time consumed by the pod in core-seconds",
      pods.map(([labels, all]) => sample(labels, total(all, seconds), latest(all))),
    ),
    family(
      "pod_memory_working_set_bytes",
      "gauge",
      "Current working set of the pod in bytes",
      pods.map(([labels, all]) => sample(labels, total(all, workingSet), latest(all))),
    ),
    family("resource_scrape_error", "gauge", "1 if there was an error while getting container metrics, 0 otherwise", [
      sample({}, 0),
    ]),
  ].join("");
}

/** `/metrics/cadvisor`: the basic families under the names that dashboards know. */
export async function cadvisorMetrics(node: ServedNode): Promise<string> {
  const { machine, containers } = await measured(node);
  const of = (value: (one: ContainerStats) => number | undefined): Sample[] =>
    containers.flatMap((one) => {
      const known = value(one);
      return known === undefined
        ? []
        : [sample({ ...containerLabels(one), id: one.id, image: "", name: one.id }, known, one.atMs)];
    });
  return [
    family(
      "container_cpu_usage_seconds_total",
      "counter",
      "Cumulative cpu time consumed in seconds.",
      of(seconds).map((one) => ({ ...one, labels: { ...one.labels, cpu: "total" } })),
    ),
    family(
      "container_fs_usage_bytes",
      "gauge",
      "Number of bytes that are consumed by the container on this filesystem.",
      of((one) => one.writableLayer?.usedBytes),
    ),
    family(
      "container_memory_rss",
      "gauge",
      "Size of RSS in bytes.",
      of((one) => one.memory?.rssBytes),
    ),
    family(
      "container_memory_usage_bytes",
      "gauge",
      "Current memory usage in bytes, including all memory regardless of when it was accessed",
      of((one) => one.memory?.usageBytes),
    ),
    family(
      "container_memory_working_set_bytes",
      "gauge",
      "Current working set in bytes.",
      of((one) => one.memory?.workingSetBytes),
    ),
    family(
      "machine_memory_bytes",
      "gauge",
      "Amount of memory installed on the machine.",
      machine === undefined ? [] : [sample({}, machine.memoryTotalBytes)],
    ),
  ].join("");
}

async function measured({ usage }: ServedNode) {
  const [machine, containers] = await Promise.all([usage?.machine(), usage?.listContainerStats() ?? []]);
  return { machine, containers };
}

function sample(labels: Labels, value: number, atMs?: number): Sample {
  return { labels, value, atMs };
}

function containerLabels({ metadata, labels }: ContainerStats): Labels {
  return {
    container: metadata.name,
    namespace: labels[podNamespaceLabel] ?? "",
    pod: labels[podNameLabel] ?? "",
  };
}

function* byPod(containers: readonly ContainerStats[]): Generator<[Labels, readonly ContainerStats[]]> {
  for (const all of Map.groupBy(containers, ({ labels }) => labels[podUidLabel]).values()) {
    const [first] = all;
    if (first === undefined) continue;
    const { namespace = "", pod = "" } = containerLabels(first);
    yield [{ namespace, pod }, all];
  }
}

function seconds({ cpu }: ContainerStats): number {
  return Number(cpu?.usageCoreNanoSeconds ?? 0n) / 1e9;
}

function workingSet({ memory }: ContainerStats): number {
  return memory?.workingSetBytes ?? 0;
}

function total(all: readonly ContainerStats[], of: (one: ContainerStats) => number): number {
  return all.reduce((sum, one) => sum + of(one), 0);
}

function latest(all: readonly ContainerStats[]): number {
  return Math.max(...all.map(({ atMs }) => atMs));
}
