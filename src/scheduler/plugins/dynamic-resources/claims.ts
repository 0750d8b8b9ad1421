import { isControlledBy } from "../../../api/meta/index.ts";
import type { Pod, ResourceClaimResourceV1 as ResourceClaim } from "../../../api/types/index.ts";

/** As many pods may share a claim. */
const reservedForMax = 256;

type Lookup = (key: string) => ResourceClaim | undefined;

/** The claims of a pod in their order, or why they are not all there. */
export function claimsOf(pod: Pod, claim: Lookup): readonly ResourceClaim[] | { readonly missing: string } {
  const found: ResourceClaim[] = [];
  const { namespace = "", name: podName = "" } = pod.metadata;
  for (const { name, resourceClaimName, resourceClaimTemplateName } of pod.spec?.resourceClaims ?? []) {
    const made = pod.status?.resourceClaimStatuses?.find((status) => status.name === name);
    if (resourceClaimTemplateName && !made) {
      return { missing: `pod "${namespace}/${podName}": ResourceClaim not created yet` };
    }
    const claimName = resourceClaimName ?? made?.resourceClaimName;
    if (claimName === undefined) continue; // the template made no claim necessary
    const known = claim(`${namespace}/${claimName}`);
    if (!known) return { missing: `resourceclaim.resource.k8s.io "${claimName}" not found` };
    if (known.metadata.deletionTimestamp !== undefined)
      return { missing: `resourceclaim "${claimName}" is being deleted` };
    if (resourceClaimTemplateName && !isControlledBy(known, pod)) {
      const owner = `ResourceClaim ${namespace}/${claimName} was not created for pod ${namespace}/${podName}`;
      return { missing: `${owner} (pod is not owner)` };
    }
    found.push(known);
  }
  return found;
}

export function isReservedFor({ status }: ResourceClaim, pod: Pod): boolean {
  return status?.reservedFor?.some(({ uid }) => uid === pod.metadata.uid) ?? false;
}

/** Whether one more pod may use the claim. */
export function canBeReserved(claim: ResourceClaim, pod: Pod): boolean {
  return isReservedFor(claim, pod) || (claim.status?.reservedFor?.length ?? 0) < reservedForMax;
}

/** Nobody, or this pod alone, uses what was allocated for the claim: it may be taken back. */
export function isIdle({ status }: ResourceClaim, pod: Pod): boolean {
  return status?.reservedFor?.every(({ uid }) => uid === pod.metadata.uid) ?? true;
}
