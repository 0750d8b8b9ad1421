import { findCondition, formatTime, isReason, keyOf } from "../../api/meta/index.ts";
import type { Pod, PodCondition } from "../../api/types/index.ts";
import { resources } from "../../client/index.ts";
import type { DefaultPreemptionArgs } from "../config/plugin-args.ts";
import type { Victims } from "../extenders/index.ts";
import type { FitError, PluginHandle, PostFilterPlugin, PostFilterResult } from "../framework.ts";
import type { PodInfo } from "../pod-info.ts";
import { bestPreemption, findPreemption, type Preemption, PreemptionMemory } from "../preemption.ts";

const name = "DefaultPreemption";

/** Removes less important pods where that lets the pod in, and keeps the room for it. */
export function createDefaultPreemption(args: DefaultPreemptionArgs, handle: PluginHandle): PostFilterPlugin {
  const { client, cluster, events, host } = handle;
  const budgets = handle.informers.informer(resources.poddisruptionbudgets).store;
  const attempts = host.metrics.counter({
    name: "scheduler_preemption_attempts_total",
    help: "Attempts to make room for pods by removing others.",
  });
  const victimCounts = host.metrics.histogram({
    name: "scheduler_preemption_victims",
    help: "Pods removed by one preemption.",
    buckets: [1, 2, 4, 8, 16, 32, 64],
  });

  const memory = new PreemptionMemory();

  const postFilter = async (pod: PodInfo, fit: FitError): Promise<PostFilterResult> => {
    attempts.inc();
    const why = whyNotEligible(pod, fit);
    if (why !== undefined) return { helped: false, message: `preemption: ${why}` };
    cluster.unnominate(pod.key); // what it was to get has turned out not to be enough
    const search = { filters: handle.filters(), budgets: budgets.list(), args, random: host.random, memory };
    const result = findPreemption(pod, fit, cluster, search);
    if (result.kind === "none") return { helped: false, nominated: "", message: `preemption: ${result.message}` };
    const best = bestPreemption(await askExtenders(pod, result.candidates));
    if (!best) return { helped: false, message: "preemption: no candidate node for preemption" };
    const outranked = cluster.lessImportantNominatedOn(best.node, pod);
    cluster.nominate(pod, best.node);
    await removeVictims(pod, best);
    await clearNominations(outranked);
    return { helped: true, nominated: best.node, message: "" };
  };

  /** Whether it may take from others; a pod for which others are about to leave waits for that. */
  function whyNotEligible({ pod, priority }: PodInfo, fit: FitError): string | undefined {
    if (pod.spec?.preemptionPolicy === "Never") return "not eligible due to preemptionPolicy=Never.";
    const nominated = pod.status?.nominatedNodeName;
    if (!nominated || fit.pod) return undefined;
    if ((fit.nodes.get(nominated) ?? fit.others)?.resolvable === false) return undefined;
    for (const other of cluster.node(nominated)?.pods.values() ?? []) {
      if (other.priority < priority && isLeaving(other.pod)) {
        return "not eligible due to a terminating pod on the nominated node.";
      }
    }
    return undefined;
  }

  /** Extenders may take candidates away, or change their victims. @throws when one fails that must not be ignored. */
  async function askExtenders(pod: PodInfo, found: readonly Preemption[]): Promise<readonly Preemption[]> {
    const asked = handle.extenders.filter((extender) => extender.preempt && extender.isInterested(pod));
    if (asked.length === 0) return found;
    let candidates = new Map(
      found.map(({ node, victims, budgetsViolated }): [string, Victims] => [node, { pods: victims, budgetsViolated }]),
    );
    for (const { preempt, isIgnorable, name: extender } of asked) {
      if (!preempt || candidates.size === 0) break;
      try {
        candidates = withVictims(await preempt(pod, candidates, podsOf), isIgnorable);
      } catch (error) {
        if (!isIgnorable) throw error;
        host.log.warn("skipping an extender that failed", { extender, error: String(error) });
      }
    }
    return [...candidates].map(([node, { pods, budgetsViolated }]) => ({ node, victims: pods, budgetsViolated }));
  }

  function podsOf(nodeName: string): Iterable<PodInfo> {
    return cluster.node(nodeName)?.pods.values() ?? [];
  }

  async function removeVictims(pod: PodInfo, { node, victims }: Preemption): Promise<void> {
    victimCounts.observe(victims.length);
    for (const victim of victims) {
      const waiting = handle.waitingPods.get(victim.key);
      if (waiting) waiting.deny(name, "preempted");
      else if (victim.pod.metadata.deletionTimestamp !== undefined) continue;
      else if (!(await remove(victim.pod, pod.pod))) continue;
      const by = `${pod.pod.metadata.uid} on node ${node}`;
      events.event(victim.pod, "Normal", "Preempted", `Preempted by pod ${by}`, { action: "Preempting" });
    }
  }

  /** They may not fit on the node any more, and are to look for another one. */
  async function clearNominations(outranked: readonly PodInfo[]): Promise<void> {
    for (const { key, pod } of outranked) {
      cluster.unnominate(key);
      const patch = { metadata: { uid: pod.metadata.uid }, status: { nominatedNodeName: null } };
      try {
        await client.resource(resources.pods).patchStatus(keyOf(pod), "strategic", patch);
      } catch (error) {
        if (!isReason(error, "NotFound") && !isReason(error, "Conflict")) throw error;
      }
    }
  }

  async function remove(victim: Pod, preemptor: Pod): Promise<boolean> {
    try {
      await markDisrupted(victim, preemptor);
      await client.resource(resources.pods).delete(keyOf(victim), { preconditions: { uid: victim.metadata.uid } });
      return true;
    } catch (error) {
      if (isReason(error, "NotFound")) return false;
      throw error;
    }
  }

  /** Tells why the pod goes, before it goes. */
  async function markDisrupted({ metadata, status }: Pod, preemptor: Pod): Promise<void> {
    if (findCondition(status?.conditions, "DisruptionTarget")?.status === "True") return;
    const condition: PodCondition = {
      type: "DisruptionTarget",
      status: "True",
      observedGeneration: metadata.generation,
      reason: "PreemptionByScheduler",
      message: `${preemptor.spec?.schedulerName}: preempting to accommodate a higher priority pod`,
      lastTransitionTime: formatTime(host.clock.now()),
    };
    const patch = { metadata: { uid: metadata.uid }, status: { conditions: [condition] } };
    await client.resource(resources.pods).patchStatus(keyOf({ metadata }), "strategic", patch);
  }

  return { name, postFilter };
}

function withVictims(candidates: ReadonlyMap<string, Victims>, isIgnorable: boolean): Map<string, Victims> {
  const kept = new Map<string, Victims>();
  for (const [node, victims] of candidates) {
    if (victims.pods.length > 0) kept.set(node, victims);
    else if (!isIgnorable) throw new Error(`expected at least one victim pod on node "${node}"`);
  }
  return kept;
}

function isLeaving({ metadata, status }: Pod): boolean {
  if (metadata.deletionTimestamp === undefined) return false;
  const condition = findCondition(status?.conditions, "DisruptionTarget");
  return condition?.status === "True" && condition.reason === "PreemptionByScheduler";
}
