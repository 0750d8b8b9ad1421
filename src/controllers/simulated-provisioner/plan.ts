import type { Node, PersistentVolume, PersistentVolumeClaim, StorageClass } from "../../api/types/index.ts";
import { annotationsOfBinding, claimClass, claimReference, isDelayed } from "../../api/volumes/index.ts";

/** The provisioner's name, for storage classes. */
export const simulatedProvisioner = "sampan.dev/simulated";

/** What is to be done for a claim. */
export type ProvisionPlan =
  | { readonly kind: "nothing" }
  | { readonly kind: "create"; readonly volume: PersistentVolume }
  /** The node that was chosen is gone: the scheduler shall choose anew. */
  | { readonly kind: "chooseAnew" };

const nothing: ProvisionPlan = { kind: "nothing" };
const hostnameLabel = "kubernetes.io/hostname";

/** @param nodeOf finds nodes by name. */
export function planProvisioning(
  claim: PersistentVolumeClaim,
  storageClass: StorageClass | undefined,
  nodeOf: (name: string) => Node | undefined,
): ProvisionPlan {
  const { annotations, deletionTimestamp } = claim.metadata;
  const isAsked =
    annotations?.[annotationsOfBinding.provisioner] === simulatedProvisioner &&
    storageClass?.provisioner === simulatedProvisioner;
  if (!isAsked || claim.spec.volumeName || deletionTimestamp !== undefined) return nothing;
  const chosen = annotations[annotationsOfBinding.selectedNode];
  if (chosen === undefined) {
    return isDelayed(storageClass) ? nothing : { kind: "create", volume: volumeFor(claim, storageClass, undefined) };
  }
  const node = nodeOf(chosen);
  if (node === undefined) return { kind: "chooseAnew" };
  return { kind: "create", volume: volumeFor(claim, storageClass, node) };
}

/**
 * A directory on the node, as local provisioners make it; volumes that many nodes may mount are not tied to one. Simulated
 * containers write to no disk, so that nothing stands behind it.
 */
export function volumeFor(
  claim: PersistentVolumeClaim,
  { mountOptions, reclaimPolicy }: StorageClass,
  node: Node | undefined,
): PersistentVolume {
  const { name: claimName, namespace } = claim.metadata;
  const name = volumeNameFor(claim);
  const isShared = claim.spec.accessModes?.some((mode) => mode === "ReadWriteMany" || mode === "ReadOnlyMany");
  return {
    apiVersion: "v1",
    kind: "PersistentVolume",
    metadata: { name, annotations: { [annotationsOfBinding.provisionedBy]: simulatedProvisioner } },
    spec: {
      accessModes: claim.spec.accessModes,
      capacity: { storage: claim.spec.resources?.requests?.storage ?? "0" },
      claimRef: claimReference(claim),
      hostPath: { path: `/var/lib/sampan/volumes/${name}_${namespace}_${claimName}`, type: "DirectoryOrCreate" },
      ...(mountOptions === undefined ? {} : { mountOptions }),
      ...(node === undefined || isShared ? {} : { nodeAffinity: affinityTo(node) }),
      persistentVolumeReclaimPolicy: reclaimPolicy ?? "Delete",
      storageClassName: claimClass(claim),
      volumeMode: claim.spec.volumeMode ?? "Filesystem",
    },
  };
}

export function volumeNameFor({ metadata }: PersistentVolumeClaim): string {
  return `pvc-${metadata.uid}`;
}

/** Whether the provisioner made the volume and nobody needs it any more. */
export function isToBeDeleted({ metadata, spec, status }: PersistentVolume): boolean {
  return (
    metadata.annotations?.[annotationsOfBinding.provisionedBy] === simulatedProvisioner &&
    spec.persistentVolumeReclaimPolicy === "Delete" &&
    status?.phase === "Released" &&
    metadata.deletionTimestamp === undefined
  );
}

function affinityTo(node: Node): PersistentVolume["spec"]["nodeAffinity"] {
  const hostname = node.metadata.labels?.[hostnameLabel] ?? node.metadata.name ?? "";
  const matchExpressions = [{ key: hostnameLabel, operator: "In", values: [hostname] }];
  return { required: { nodeSelectorTerms: [{ matchExpressions }] } };
}
