import type { Container, PersistentVolume, Pod } from "../../api/types/index.ts";

/** What a pod needs of its namespace, by what it is; names may come more than once. */
export interface PodReferences {
  readonly secrets: readonly string[];
  readonly configMaps: readonly string[];
  readonly claims: readonly string[];
  readonly resourceClaims: readonly string[];
}

/** The objects that the node of a pod must read to run it. */
export function referencesOf(pod: Pod): PodReferences {
  const secrets: string[] = [];
  const configMaps: string[] = [];
  const claims: string[] = [];
  for (const { name } of pod.spec.imagePullSecrets ?? []) if (name) secrets.push(name);
  for (const container of containersOf(pod)) {
    for (const { valueFrom } of container.env ?? []) {
      if (valueFrom?.secretKeyRef?.name) secrets.push(valueFrom.secretKeyRef.name);
      if (valueFrom?.configMapKeyRef?.name) configMaps.push(valueFrom.configMapKeyRef.name);
    }
    for (const { secretRef, configMapRef } of container.envFrom ?? []) {
      if (secretRef?.name) secrets.push(secretRef.name);
      if (configMapRef?.name) configMaps.push(configMapRef.name);
    }
  }
  for (const volume of pod.spec.volumes ?? []) {
    const { secret, configMap, projected, persistentVolumeClaim, ephemeral } = volume;
    if (secret?.secretName) secrets.push(secret.secretName);
    if (configMap?.name) configMaps.push(configMap.name);
    for (const source of projected?.sources ?? []) {
      if (source.secret?.name) secrets.push(source.secret.name);
      if (source.configMap?.name) configMaps.push(source.configMap.name);
    }
    if (volume.azureFile?.secretName) secrets.push(volume.azureFile.secretName);
    for (const name of volumeSecrets(volume)) secrets.push(name);
    if (persistentVolumeClaim?.claimName) claims.push(persistentVolumeClaim.claimName);
    if (ephemeral !== undefined) claims.push(`${pod.metadata.name}-${volume.name}`);
  }
  return { secrets, configMaps, claims, resourceClaims: resourceClaimsOf(pod) };
}

function containersOf({ spec }: Pod): readonly Pick<Container, "env" | "envFrom">[] {
  return [...(spec.initContainers ?? []), ...spec.containers, ...(spec.ephemeralContainers ?? [])];
}

type Volume = NonNullable<Pod["spec"]["volumes"]>[number];

/** Secrets that volumes of storage systems name. */
function volumeSecrets(volume: Volume): string[] {
  const { cephfs, cinder, flexVolume, rbd, scaleIO, iscsi, storageos, csi } = volume;
  const references = [cephfs, cinder, flexVolume, rbd, scaleIO, iscsi, storageos].map((source) => source?.secretRef);
  return [...references, csi?.nodePublishSecretRef].flatMap((reference) => (reference?.name ? [reference.name] : []));
}

function resourceClaimsOf({ spec, status }: Pod): string[] {
  const names: string[] = [];
  for (const { name, resourceClaimName, resourceClaimTemplateName } of spec.resourceClaims ?? []) {
    if (resourceClaimName) names.push(resourceClaimName);
    if (!resourceClaimTemplateName) continue;
    const made = status?.resourceClaimStatuses?.find((claim) => claim.name === name)?.resourceClaimName;
    if (made) names.push(made);
  }
  const extended = status?.extendedResourceClaimStatus?.resourceClaimName;
  if (extended) names.push(extended);
  return names;
}

/** Secrets (`namespace/name`) that nodes read to use a volume; those for controllers alone are not among them. */
export function volumeSecretsForNodes({ spec }: PersistentVolume): string[] {
  const { azureFile, cephfs, cinder, csi, flexVolume, rbd, scaleIO, iscsi, storageos, claimRef } = spec;
  const own = claimRef?.namespace ?? "";
  const found: string[] = [];
  const add = (reference: { name?: string; namespace?: string } | undefined, namespace = own) => {
    if (reference?.name) found.push(`${reference.namespace || namespace}/${reference.name}`);
  };
  if (azureFile?.secretName) found.push(`${azureFile.secretNamespace || own}/${azureFile.secretName}`);
  for (const source of [cephfs, cinder, flexVolume, rbd, scaleIO, iscsi, storageos]) add(source?.secretRef);
  for (const reference of [csi?.nodePublishSecretRef, csi?.nodeStageSecretRef, csi?.nodeExpandSecretRef]) {
    add(reference);
  }
  return found;
}
