import { controllerReference } from "../../api/meta/index.ts";
import type { PersistentVolumeClaim, Pod, PodTemplateSpec, StatefulSet } from "../../api/types/index.ts";
import type { Draft } from "../../client/index.ts";
import { podFromTemplate } from "../pods/index.ts";
import { revisionHashLabel } from "../revisions/index.ts";

const podNameLabel = "statefulset.kubernetes.io/pod-name";
const podIndexLabel = "apps.kubernetes.io/pod-index";

export function podName(set: StatefulSet, ordinal: number): string {
  return `${set.metadata.name}-${ordinal}`;
}

/** The number behind the set's name; undefined for a pod of another name. */
export function ordinalOf(set: StatefulSet, pod: Pod): number | undefined {
  const prefix = `${set.metadata.name}-`;
  const name = pod.metadata.name ?? "";
  const rest = name.slice(prefix.length);
  return name.startsWith(prefix) && /^\d+$/.test(rest) ? Number(rest) : undefined;
}

export function revisionOf(pod: Pod): string | undefined {
  return pod.metadata.labels?.[revisionHashLabel];
}

/** Labels by which the pod of an ordinal is found. */
export function identityLabels(set: StatefulSet, ordinal: number): Record<string, string> {
  return { [podNameLabel]: podName(set, ordinal), [podIndexLabel]: String(ordinal) };
}

/** The pod of an ordinal: its name, host name and volumes are its own for ever. */
export function podOf(set: StatefulSet, template: PodTemplateSpec, revision: string, ordinal: number): Draft<Pod> {
  const pod = podFromTemplate(template, set);
  const name = podName(set, ordinal);
  const labels = {
    ...pod.metadata.labels,
    [revisionHashLabel]: revision,
    ...identityLabels(set, ordinal),
  };
  const claimed = (set.spec.volumeClaimTemplates ?? []).map((claim) => ({
    name: claim.metadata.name ?? "",
    persistentVolumeClaim: { claimName: claimName(set, claim, ordinal) },
  }));
  const others = (pod.spec.volumes ?? []).filter((volume) => !claimed.some((own) => own.name === volume.name));
  const volumes = [...claimed, ...others];
  const spec = { ...pod.spec, hostname: name, ...(volumes.length > 0 ? { volumes } : {}) };
  if (set.spec.serviceName) spec.subdomain = set.spec.serviceName;
  return { ...pod, metadata: { ...pod.metadata, name, labels }, spec };
}

export function claimsOf(set: StatefulSet, ordinal: number): Draft<PersistentVolumeClaim>[] {
  return (set.spec.volumeClaimTemplates ?? []).map((template) => ({
    metadata: {
      name: claimName(set, template, ordinal),
      namespace: set.metadata.namespace,
      labels: { ...template.metadata.labels, ...set.spec.selector.matchLabels },
      annotations: template.metadata.annotations,
      // Claims outlive the set unless it says otherwise; then they belong to it.
      ...(set.spec.persistentVolumeClaimRetentionPolicy?.whenDeleted === "Delete"
        ? { ownerReferences: [controllerReference(set)] }
        : {}),
    },
    spec: template.spec,
  }));
}

function claimName(set: StatefulSet, template: PersistentVolumeClaim, ordinal: number): string {
  return `${template.metadata.name}-${podName(set, ordinal)}`;
}
