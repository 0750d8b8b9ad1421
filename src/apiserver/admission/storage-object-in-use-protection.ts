import { type AdmissionPlugin, isAbout } from "./admission.ts";

const finalizers: Readonly<Record<string, string>> = {
  persistentvolumeclaims: "kubernetes.io/pvc-protection",
  persistentvolumes: "kubernetes.io/pv-protection",
};

/** Volumes and claims that are in use are not deleted before they are free. */
export function storageObjectInUseProtection(): AdmissionPlugin {
  return {
    name: "StorageObjectInUseProtection",
    handles: (attributes) =>
      attributes.operation === "CREATE" &&
      isAbout(attributes, "", attributes.kind.resource) &&
      attributes.kind.resource in finalizers,
    admit({ kind, object }) {
      const finalizer = finalizers[kind.resource];
      if (object === undefined || finalizer === undefined) return;
      const present = object.metadata.finalizers ?? [];
      if (!present.includes(finalizer)) object.metadata.finalizers = [...present, finalizer];
    },
  };
}
