import { type KubeObject, parseTime } from "../../api/meta/index.ts";
import { type AdmissionPlugin, isAbout } from "./admission.ts";
import type { Lookup } from "./lookup.ts";

/** A claim without storage class gets the default one. */
export function defaultStorageClass(lookup: Lookup): AdmissionPlugin {
  const marks = ["storageclass.kubernetes.io/is-default-class", "storageclass.beta.kubernetes.io/is-default-class"];
  return {
    name: "DefaultStorageClass",
    handles: (attributes) => isAbout(attributes, "", "persistentvolumeclaims") && attributes.operation === "CREATE",
    async admit({ object }) {
      const claim = object as KubeObject & { spec?: { storageClassName?: string } };
      if (claim.spec?.storageClassName !== undefined) return;
      if (claim.metadata.annotations?.["volume.beta.kubernetes.io/storage-class"] !== undefined) return;
      const name = await defaultClass(lookup, "storage.k8s.io", "storageclasses", marks);
      if (name !== undefined) claim.spec = { ...claim.spec, storageClassName: name };
    },
  };
}

/** An ingress without class gets the default one. */
export function defaultIngressClass(lookup: Lookup): AdmissionPlugin {
  const marks = ["ingressclass.kubernetes.io/is-default-class"];
  return {
    name: "DefaultIngressClass",
    handles: (attributes) => isAbout(attributes, "networking.k8s.io", "ingresses") && attributes.operation === "CREATE",
    async admit({ object }) {
      const ingress = object as KubeObject & { spec?: { ingressClassName?: string } };
      if (ingress.spec?.ingressClassName !== undefined) return;
      if (ingress.metadata.annotations?.["kubernetes.io/ingress.class"] !== undefined) return;
      const name = await defaultClass(lookup, "networking.k8s.io", "ingressclasses", marks);
      if (name !== undefined) ingress.spec = { ...ingress.spec, ingressClassName: name };
    },
  };
}

/** Of several classes that are marked as the default the newest, then the first by name. */
async function defaultClass(
  lookup: Lookup,
  group: string,
  resource: string,
  marks: readonly string[],
): Promise<string | undefined> {
  let newest: KubeObject | undefined;
  for (const candidate of await lookup.list(group, resource, "")) {
    if (!marks.some((mark) => candidate.metadata.annotations?.[mark] === "true")) continue;
    if (newest === undefined || createdMs(candidate) > createdMs(newest)) newest = candidate;
  }
  return newest?.metadata.name;
}

function createdMs(object: KubeObject): number {
  return object.metadata.creationTimestamp ? parseTime(object.metadata.creationTimestamp) : 0;
}
