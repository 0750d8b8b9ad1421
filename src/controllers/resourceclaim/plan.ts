import { controllerReference } from "../../api/meta/index.ts";
import type { Pod, ResourceClaimResourceV1 as ResourceClaim, ResourceClaimTemplate } from "../../api/types/index.ts";
import type { Draft } from "../../client/index.ts";
import { hasEnded } from "../pods/index.ts";

/** Names the entry of the pod's spec that a claim was made for. */
export const podClaimAnnotation = "resource.kubernetes.io/pod-claim-name";
/** Keeps a claim while devices are allocated to it. */
export const allocationFinalizer = "resource.kubernetes.io/delete-protection";

export type PodClaim = NonNullable<Pod["spec"]["resourceClaims"]>[number];
type Consumer = NonNullable<NonNullable<ResourceClaim["status"]>["reservedFor"]>[number];

export function claimFromTemplate(pod: Pod, { name }: PodClaim, template: ResourceClaimTemplate): Draft<ResourceClaim> {
  const { metadata, spec } = template.spec;
  return {
    metadata: {
      generateName: `${pod.metadata.name}-${name}-`,
      namespace: pod.metadata.namespace,
      labels: metadata?.labels,
      annotations: { ...metadata?.annotations, [podClaimAnnotation]: name },
      ownerReferences: [controllerReference(pod)],
    },
    spec,
  };
}

/** The claim that an entry of a pod's spec leads to, by name; undefined while it is not made yet. */
export function claimNameOf(pod: Pod, { name, resourceClaimName }: PodClaim): string | undefined {
  if (resourceClaimName !== undefined) return resourceClaimName;
  return pod.status?.resourceClaimStatuses?.find((one) => one.name === name)?.resourceClaimName;
}

/** Needs no devices any more, and never will. */
export function isDone(pod: Pod): boolean {
  return hasEnded(pod) || (pod.metadata.deletionTimestamp !== undefined && !pod.spec.nodeName);
}

export function isReservedFor({ status }: ResourceClaim, pod: Pod): boolean {
  return status?.reservedFor?.some(({ uid }) => uid === pod.metadata.uid) ?? false;
}

export const reservedForMax = 256;

export function consumerOf(pod: Pod): Consumer {
  return { resource: "pods", name: pod.metadata.name ?? "", uid: pod.metadata.uid ?? "" };
}
