import type { Job, Pod } from "../../api/types/index.ts";

/** How a pod ended. Unless only failed pods are replaced, one that is being deleted counts as failed at once. */
export function outcomeOf(job: Job, pod: Pod): "succeeded" | "failed" | undefined {
  if (pod.status?.phase === "Succeeded") return "succeeded";
  if (pod.status?.phase === "Failed") return "failed";
  const waits = job.spec.podReplacementPolicy === "Failed";
  return pod.metadata.deletionTimestamp !== undefined && !waits ? "failed" : undefined;
}
