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
      (error: unknown) => {
        const why = error instanceof Error ? error.message : String(error);
        return processing(namespace, claimName, `failed to fetch PVC from API server: ${why}`);
      },
    );
    if (problem === undefined) continue;
    unmounted.push(volumeName);
    problems.push(problem);
  }
  if (unmounted.length === 0) return undefined;
  const names = unmounted.join(" ");
  const which = `unmounted volumes=[${names}], unattached volumes=[], failed to process volumes=[${names}]`;
  return `Unable to attach or mount volumes: ${which}: ${problems.join("; ")}`;
}

function problemOf(claim: PersistentVolumeClaim, owner: Pod | undefined): string | undefined {
  const { namespace = "", name = "", deletionTimestamp } = claim.metadata;
  if (owner !== undefined && !isControlledBy(claim, owner)) {
    return `PVC ${namespace}/${name} was not created for pod ${namespace}/${owner.metadata.name} (pod is not owner)`;
  }
  if (deletionTimestamp !== undefined) {
    return processing(namespace, name, "can't start pod because PVC is being deleted");
  }
  if (claim.status?.phase !== "Bound") return processing(namespace, name, "PVC is not bound");
  return claim.spec.volumeName ? undefined : processing(namespace, name, "PVC has empty pvc.Spec.VolumeName");
}

function processing(namespace: string, name: string, problem: string): string {
  return `error processing PVC ${namespace}/${name}: ${problem}`;
}
