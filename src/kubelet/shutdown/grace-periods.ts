import { formatDuration } from "../../api/meta/index.ts";
import type { Pod } from "../../api/types/index.ts";

/** Pods of this priority and higher, up to the next group's, end together within this time. */
export interface GracePeriod {
  readonly priority: number;
  readonly shutdownGracePeriodSeconds: number;
}

/** As a KubeletConfiguration says it: one time for all, a part of it for critical pods, or a list. Milliseconds. */
export interface ShutdownPeriods {
  readonly shutdownGracePeriodMs?: number;
  readonly shutdownGracePeriodCriticalPodsMs?: number;
  readonly shutdownGracePeriodByPodPriority?: readonly GracePeriod[];
}

/** Times that contradict each other. */
export class ShutdownConfigError extends Error {
  override readonly name = "ShutdownConfigError";
}

const defaultPriority = 0;
/** From here on pods are critical: the priority of the class system-cluster-critical. */
const criticalPriority = 2_000_000_000;

/**
 * The groups in which pods end, lowest priority first; none when a shutdown is not held back.
 * @throws ShutdownConfigError
 */
export function shutdownGracePeriods(periods: ShutdownPeriods): readonly GracePeriod[] {
  check(periods);
  const { shutdownGracePeriodMs: all = 0, shutdownGracePeriodCriticalPodsMs: critical = 0 } = periods;
  const { shutdownGracePeriodByPodPriority: groups = [] } = periods;
  if (groups.length > 0) return [...groups].sort((a, b) => a.priority - b.priority);
  if (all === 0) return [];
  return [
    { priority: defaultPriority, shutdownGracePeriodSeconds: Math.floor((all - critical) / 1000) },
    { priority: criticalPriority, shutdownGracePeriodSeconds: Math.floor(critical / 1000) },
  ];
}

function check(periods: ShutdownPeriods): void {
  const { shutdownGracePeriodMs: all = 0, shutdownGracePeriodCriticalPodsMs: critical = 0 } = periods;
  const problems: string[] = [];
  if (critical > all) {
    problems.push(
      `shutdownGracePeriodCriticalPods {${formatDuration(critical)}} must be <= shutdownGracePeriod {${formatDuration(all)}}`,
    );
  }
  for (const [name, ms] of [
    ["shutdownGracePeriod", all],
    ["shutdownGracePeriodCriticalPods", critical],
  ] as const) {
    if (ms < 0 || (ms > 0 && ms < 1000)) {
      problems.push(`${name} {${formatDuration(ms)}} must be either zero or otherwise >= 1 sec`);
    }
  }
  if ((periods.shutdownGracePeriodByPodPriority ?? []).length > 0 && (all > 0 || critical > 0)) {
    problems.push("Cannot specify both shutdownGracePeriodByPodPriority and shutdownGracePeriod at the same time");
  }
  if (problems.length === 0) return;
  throw new ShutdownConfigError(problems.map((problem) => `invalid configuration: ${problem}`).join("\n"));
}

export interface ShutdownGroup {
  readonly period: GracePeriod;
  readonly pods: readonly Pod[];
}

/**
 * Which pods end together. A priority between two groups belongs to the lower one, one below all to the lowest.
 * @param periods sorted, lowest priority first; at least one
 */
export function groupByPriority(periods: readonly GracePeriod[], pods: readonly Pod[]): readonly ShutdownGroup[] {
  const groups = periods.map((period) => ({ period, pods: [] as Pod[] }));
  for (const pod of pods) {
    const priority = pod.spec?.priority ?? defaultPriority;
    const group = groups.findLast(({ period }) => period.priority <= priority) ?? groups[0];
    group?.pods.push(pod);
  }
  return groups;
}
