import { isControlledBy } from "../../api/meta/index.ts";
import type { PersistentVolumeClaim, Pod } from "../../api/types/index.ts";
import { type ClaimedVolume, claimedVolumes } from "../../api/volumes/index.ts";

/** @throws when there is no such claim, or it may not be read. */
export type ClaimLookup = (namespace: string, name: string) => Promise<PersistentVolumeClaim>;

/** Why a claim cannot be used yet, or at all; the message tells which. */
export class ClaimError extends Error {
  override readonly name = "ClaimError";

  constructor({ metadata }: Pod, claimName: string, problem: string) {
    super(`error processing PVC ${metadata.namespace}/${claimName}: ${problem}`);
  }
}

/** Why the pod cannot have its volumes yet, as the original says it, or undefined when nothing is in the way. */
export async function whyUnmounted(pod: Pod, claimOf: ClaimLookup): Promise<string | undefined> {
  const claims = claimedVolumes(pod);
  if (claims.length === 0) return undefined;
  const used = usedVolumes(pod);
  const problems = new Map<string, string>();
  for (const claimed of claims) {
    if (!used.has(claimed.volumeName)) continue;
    try {
      await usableClaim(pod, claimed, claimOf);
    } catch (error) {
      problems.set(claimed.volumeName, error instanceof Error ? error.message : String(error));
    }
  }
  return problems.size === 0 ? undefined : unmountedMessage([...problems.keys()], [], problems);
}

/** The names of volumes that containers use: others are not made. */
export function usedVolumes({ spec }: Pod): ReadonlySet<string> {
  const all = [...(spec?.initContainers ?? []), ...(spec?.containers ?? []), ...(spec?.ephemeralContainers ?? [])];
  const mounted = all.flatMap(({ volumeMounts = [], volumeDevices = [] }) => [...volumeMounts, ...volumeDevices]);
  const read = all.flatMap(({ env = [] }) => env.flatMap(({ valueFrom }) => valueFrom?.fileKeyRef?.volumeName ?? []));
  return new Set([...mounted.map(({ name }) => name), ...read]);
}

/** @throws ClaimError, and an Error when the claim is not this pod's */
export async function usableClaim(
  pod: Pod,
  { claimName, isEphemeral }: ClaimedVolume,
  claimOf: ClaimLookup,
): Promise<PersistentVolumeClaim> {
  const { namespace = "", name } = pod.metadata;
  const claim = await claimOf(namespace, claimName).catch((error: unknown) => {
    const why = error instanceof Error ? error.message : String(error);
    throw new ClaimError(pod, claimName, `failed to fetch PVC from API server: ${why}`);
  });
  if (isEphemeral && !isControlledBy(claim, pod)) {
    throw new Error(`PVC ${namespace}/${claimName} was not created for pod ${namespace}/${name} (pod is not owner)`);
  }
  if (claim.metadata.deletionTimestamp !== undefined) {
    throw new ClaimError(pod, claimName, "can't start pod because PVC is being deleted");
  }
  if (claim.status?.phase !== "Bound") throw new ClaimError(pod, claimName, "PVC is not bound");
  if (!claim.spec.volumeName) throw new ClaimError(pod, claimName, "PVC has empty pvc.Spec.VolumeName");
  return claim;
}

/**
 * What the original tells of a pod that waits for volumes.
 * @param problems why volumes could not even be tried, by their names; without any, it waited too long
 */
export function unmountedMessage(
  unmounted: readonly string[],
  unattached: readonly string[],
  problems: ReadonlyMap<string, string>,
): string {
  const list = (names: Iterable<string>): string => `[${[...names].sort().join(" ")}]`;
  const why = problems.size === 0 ? "context deadline exceeded" : [...problems.values()].join("; ");
  return (
    `Unable to attach or mount volumes: unmounted volumes=${list(unmounted)}, ` +
    `unattached volumes=${list(unattached)}, failed to process volumes=${list(problems.keys())}: ${why}`
  );
}
