import type { Pod, PodStatus } from "../../api/types/index.ts";

/**
 * Whether somebody else wrote another readiness into a pod's status than its kubelet tells: a node that was away had its
 * pods marked as not ready. What the kubelet itself wrote comes back to it, too, and is none.
 */
export function isContested(seen: Pod, shown: PodStatus | undefined, written: Pod): boolean {
  if (shown === undefined || readinessOf(seen.status) === readinessOf(shown)) return false;
  return Number(seen.metadata.resourceVersion) > Number(written.metadata.resourceVersion);
}

function readinessOf(status: PodStatus | undefined): string {
  const of = (wanted: string) => status?.conditions?.find(({ type }) => type === wanted)?.status;
  return `${of("Ready")} ${of("ContainersReady")}`;
}
