import { findCondition, formatTime, isReason, keyOf, keyString } from "../api/meta/index.ts";
import type { Pod, PodCondition } from "../api/types/index.ts";
import { type Client, resources } from "../client/index.ts";
import type { Host } from "../host/index.ts";

export interface WhyPending {
  readonly reason: "Unschedulable" | "SchedulerError";
  readonly message: string;
  /** Empty takes an earlier nomination back; undefined leaves it. */
  readonly nominated?: string;
}

/** Writes the PodScheduled condition and the nomination of a pod that got no node; nothing when they say so already. */
export async function writePending(
  pod: Pod,
  { reason, message, nominated }: WhyPending,
  { client, host }: { readonly client: Client; readonly host: Host },
): Promise<void> {
  const old = findCondition(pod.status?.conditions, "PodScheduled");
  const unchanged = old?.status === "False" && old.reason === reason && old.message === message;
  const isNominated = nominated === undefined || nominated === (pod.status?.nominatedNodeName ?? "");
  if (unchanged && isNominated) return;
  const condition: PodCondition = {
    type: "PodScheduled",
    status: "False",
    reason,
    message,
    lastProbeTime: null,
    lastTransitionTime: old?.status === "False" ? old.lastTransitionTime : formatTime(host.clock.now()),
    observedGeneration: pod.metadata.generation,
  };
  const status = {
    conditions: [condition],
    ...(!isNominated && { nominatedNodeName: nominated === "" ? null : nominated }),
  };
  const patch = { metadata: { uid: pod.metadata.uid }, status };
  try {
    await client.resource(resources.pods).patchStatus(keyOf(pod), "strategic", patch);
  } catch (error) {
    if (isReason(error, "NotFound") || isReason(error, "Conflict")) return; // deleted, or changed and tried anew
    const why = error instanceof Error ? error.message : String(error);
    host.log.warn("cannot write the pod's status", { pod: keyString(keyOf(pod)), error: why });
  }
}
