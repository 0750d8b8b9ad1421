import type { PersistentVolume, PersistentVolumeClaim, StorageClass } from "../../api/types/index.ts";
import { annotationsOfBinding, claimClass, isBoundTo, isDelayed, whyUnfit } from "../../api/volumes/index.ts";

export interface PlannedEvent {
  readonly type: "Normal" | "Warning";
  readonly reason: string;
  readonly message: string;
}

export type ClaimPlan =
  /** Both sides name each other and say so. */
  | { readonly kind: "bind"; readonly volume: PersistentVolume }
  /** Nothing to bind to yet; with a provisioner it is asked to make a volume. */
  | { readonly kind: "wait"; readonly event?: PlannedEvent; readonly provisioner?: string }
  /** The claim had left the class open and there is a default one by now. */
  | { readonly kind: "takeDefaultClass"; readonly name: string }
  | { readonly kind: "lose"; readonly event: PlannedEvent };

export interface ClaimSituation {
  readonly claim: PersistentVolumeClaim;
  /** The one that the claim names, if it names one and it is there. */
  readonly named: PersistentVolume | undefined;
  /** The one that would fit a claim that names none. */
  readonly match: PersistentVolume | undefined;
  readonly storageClass: StorageClass | undefined;
  readonly defaultClass: string | undefined;
  /** Pods without a node that use the claim. */
  readonly waitingPods: readonly string[];
}

export function planClaim(situation: ClaimSituation): ClaimPlan {
  const { claim, match } = situation;
  if (claim.metadata.annotations?.[annotationsOfBinding.bindCompleted] !== undefined) return planBound(situation);
  if (claim.spec.volumeName) return planNamed(situation);
  return match === undefined ? planMissing(situation) : { kind: "bind", volume: match };
}

/** Once bound, a claim only ever keeps its volume or loses it. */
function planBound({ claim, named }: ClaimSituation): ClaimPlan {
  if (!claim.spec.volumeName) {
    return lost("ClaimLost", "Bound claim has lost reference to PersistentVolume. Data on the volume is lost!");
  }
  if (named === undefined) {
    return lost("ClaimLost", "Bound claim has lost its PersistentVolume. Data on the volume is lost!");
  }
  const { claimRef } = named.spec;
  if (claimRef === undefined || claimRef.uid === claim.metadata.uid) return { kind: "bind", volume: named };
  const message = "Two claims are bound to the same volume, this one is bound incorrectly";
  return lost("ClaimMisbound", message);
}

/** The user chose the volume. */
function planNamed({ claim, named }: ClaimSituation): ClaimPlan {
  if (named === undefined) return { kind: "wait" };
  if (named.spec.claimRef === undefined) {
    const why = whyUnfit(named, claim);
    if (why === undefined) return { kind: "bind", volume: named };
    const message = `Cannot bind to requested volume "${named.metadata.name}": ${why}`;
    return { kind: "wait", event: { type: "Warning", reason: "VolumeMismatch", message } };
  }
  if (isBoundTo(named, claim)) return { kind: "bind", volume: named };
  const message = `volume "${named.metadata.name}" already bound to a different claim.`;
  return { kind: "wait", event: { type: "Warning", reason: "FailedBinding", message } };
}

function planMissing(situation: ClaimSituation): ClaimPlan {
  const { claim, storageClass, defaultClass } = situation;
  const { annotations } = claim.metadata;
  const leftOpen = claim.spec.storageClassName === undefined && !annotations?.[annotationsOfBinding.classBeta];
  if (leftOpen && defaultClass !== undefined) return { kind: "takeDefaultClass", name: defaultClass };
  if (isDelayed(storageClass) && annotations?.[annotationsOfBinding.selectedNode] === undefined) {
    return { kind: "wait", event: waitsForConsumer(situation.waitingPods) };
  }
  const className = claimClass(claim);
  if (className === "") {
    const message = "no persistent volumes available for this claim and no storage class is set";
    return { kind: "wait", event: { type: "Normal", reason: "FailedBinding", message } };
  }
  return planProvisioning(className, storageClass);
}

function waitsForConsumer(pods: readonly string[]): PlannedEvent {
  if (pods.length === 0) {
    const message = "waiting for first consumer to be created before binding";
    return { type: "Normal", reason: "WaitForFirstConsumer", message };
  }
  const message = `waiting for ${pods.length > 1 ? "pods" : "pod"} ${pods.join(",")} to be scheduled`;
  return { type: "Normal", reason: "WaitForPodScheduled", message };
}

function planProvisioning(className: string, storageClass: StorageClass | undefined): ClaimPlan {
  const failed = (message: string): ClaimPlan => ({
    kind: "wait",
    event: { type: "Warning", reason: "ProvisioningFailed", message },
  });
  if (storageClass === undefined) return failed(`storageclass.storage.k8s.io "${className}" not found`);
  const { provisioner } = storageClass;
  // What the original once could make itself, and marks for classes without a provisioner.
  if (provisioner.startsWith("kubernetes.io/")) return failed(`no volume plugin matched name: ${provisioner}`);
  const message =
    `Waiting for a volume to be created either by the external provisioner '${provisioner}' or manually by the ` +
    "system administrator. If volume creation is delayed, please verify that the provisioner is running and " +
    "correctly registered.";
  return { kind: "wait", provisioner, event: { type: "Normal", reason: "ExternalProvisioning", message } };
}

function lost(reason: string, message: string): ClaimPlan {
  return { kind: "lose", event: { type: "Warning", reason, message } };
}
