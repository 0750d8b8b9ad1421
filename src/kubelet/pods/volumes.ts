import { isControlledBy } from "../../api/meta/index.ts";
import type { PersistentVolumeClaim, Pod } from "../../api/types/index.ts";
import { claimedVolumes } from "../../api/volumes/index.ts";

/** @throws when there is no such claim, or it may not be read. */
export type ClaimLookup = (namespace: string, name: string) => Promise<PersistentVolumeClaim>;

/** Why the pod cannot have its volumes yet, as the original says it, or undefined when nothing is in the way. */
export async function whyUnmounted(pod: Pod, claimOf: ClaimLookup): Promise<string | undefined> {
  const { namespace = "" } = pod.metadata;
  const unmounted: string[] = [];
  const problems: string[] = [];
  for (const { volumeName, claimName, isEphemeral } of claimedVolumes(pod)) {
    const problem = await claimOf(namespace, claimName).then(
      (claim) => problemOf(claim, isEphemeral ? pod : undefined),
      (error: unknown) => `failed to fetch PVC from API server: ${error instanceof Error ? error.message : error}`,
    );
    if (problem === undefined) continue;
    unmounted.push(volumeName);
    problems.push(`error processing PVC ${namespace}/${claimName}: ${problem}`);
  }
  if (unmounted.length === 0) return undefined;
  const names = unmounted.join(" ");
  const which = `unmounted volumes=[${names}], unattached volumes=[], failed to process volumes=[${names}]`;
  return `Unable to attach or mount volumes: ${which}: ${problems.length > 1 ? `[${problems.join(", ")}]` : problems[0]}`;
}

function problemOf(claim: PersistentVolumeClaim, owner: Pod | undefined): string | undefined {
  if (owner !== undefined && !isControlledBy(claim, owner)) {
    const { namespace, name } = owner.metadata;
    return `PVC ${namespace}/${claim.metadata.name} was not created for pod ${namespace}/${name} (pod is not owner)`;
  }
  if (claim.metadata.deletionTimestamp !== undefined) return "can't start pod because PVC is being deleted";
  if (claim.status?.phase !== "Bound") return "PVC is not bound";
  return claim.spec.volumeName ? undefined : "PVC has empty pvc.Spec.VolumeName";
}
