import { compareQuantity, parseQuantity } from "../../api/meta/index.ts";
import type { PersistentVolumeClaim, StorageClass } from "../../api/types/index.ts";
import { type AdmissionPlugin, isAbout } from "./admission.ts";
import type { Lookup } from "./lookup.ts";
import { refuse } from "./refusal.ts";

/** A claim grows only when it is bound and its class allows it. */
export function persistentVolumeClaimResize(lookup: Lookup): AdmissionPlugin {
  return {
    name: "PersistentVolumeClaimResize",
    handles: (attributes) => isAbout(attributes, "", "persistentvolumeclaims") && attributes.operation === "UPDATE",
    async validate(attributes) {
      const claim = attributes.object as PersistentVolumeClaim;
      const old = attributes.old as PersistentVolumeClaim;
      if (!grows(claim, old)) return;
      if (old.status?.phase !== "Bound")
        throw refuse(attributes, "Only bound persistent volume claims can be expanded");
      if (!(await mayGrow(lookup, claim, old))) {
        throw refuse(
          attributes,
          "only dynamically provisioned pvc can be resized and the storageclass that provisions the pvc must support resize",
        );
      }
    },
  };
}

function grows(claim: PersistentVolumeClaim, old: PersistentVolumeClaim): boolean {
  const [after, before] = [claim, old].map(({ spec }) => parseQuantity(spec.resources?.requests?.storage ?? "0"));
  return after !== undefined && before !== undefined && compareQuantity(after, before) > 0;
}

async function mayGrow(lookup: Lookup, claim: PersistentVolumeClaim, old: PersistentVolumeClaim): Promise<boolean> {
  const name = classOf(claim);
  if (name === "" || name !== classOf(old)) return false;
  const found = (await lookup.get("storage.k8s.io", "storageclasses", "", name)) as StorageClass | undefined;
  return found?.allowVolumeExpansion === true;
}

function classOf({ metadata, spec }: PersistentVolumeClaim): string {
  return metadata.annotations?.["volume.beta.kubernetes.io/storage-class"] ?? spec.storageClassName ?? "";
}
