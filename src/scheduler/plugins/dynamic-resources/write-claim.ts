import { isReason, keyOf } from "../../../api/meta/index.ts";
import type { AllocationResult, Pod, ResourceClaimResourceV1 as ResourceClaim } from "../../../api/types/index.ts";
import { type Client, resources } from "../../../client/index.ts";
import { isReservedFor } from "./claims.ts";

/** Keeps a claim with devices from going away under those who use them. */
const finalizer = "resource.kubernetes.io/delete-protection";
const triesMax = 5;

/** Writes the allocation and that the pod uses it. @throws when the claim is gone, or got another allocation meanwhile. */
export async function writeAllocation(
  client: Client,
  seen: ResourceClaim,
  pod: Pod,
  allocation: AllocationResult | undefined,
): Promise<void> {
  await retrying(client, seen, async (claim) => {
    const api = client.resource(resources.resourceclaims);
    if (allocation && claim.status?.allocation)
      throw new Error(`claim ${claim.metadata.name} got allocated elsewhere in the meantime`);
    const { finalizers = [] } = claim.metadata;
    const isProtected = !allocation || finalizers.includes(finalizer);
    const held = isProtected
      ? claim
      : await api.update({ ...claim, metadata: { ...claim.metadata, finalizers: [...finalizers, finalizer] } });
    const reference = { resource: "pods", name: pod.metadata.name ?? "", uid: pod.metadata.uid ?? "" };
    const before = held.status?.reservedFor ?? [];
    const reservedFor = isReservedFor(held, pod) ? before : [...before, reference];
    await api.updateStatus({ ...held, status: { ...held.status, ...(allocation && { allocation }), reservedFor } });
  });
}

/** Takes back what was allocated, so that it can be allocated for another node. */
export async function deallocate(client: Client, seen: ResourceClaim): Promise<void> {
  await retrying(client, seen, async (claim) => {
    const { allocation: _, reservedFor: __, ...rest } = claim.status ?? {};
    await client.resource(resources.resourceclaims).updateStatus({ ...claim, status: rest });
  });
}

/** With the claim as it is now, again when somebody else was faster. */
async function retrying(
  client: Client,
  seen: ResourceClaim,
  write: (claim: ResourceClaim) => Promise<void>,
): Promise<void> {
  let claim = seen;
  for (let tries = 1; ; tries++) {
    try {
      await write(claim);
      return;
    } catch (error) {
      if (!isReason(error, "Conflict") || tries >= triesMax) throw error;
      claim = await client.resource(resources.resourceclaims).get(keyOf(seen));
      if (claim.metadata.uid !== seen.metadata.uid) throw new Error(`claim ${claim.metadata.name} got replaced`);
    }
  }
}
