import type { FieldError } from "../../meta/index.ts";
import { fieldError, parseQuantity, quantitySign, root } from "../../meta/index.ts";
import type { CSIStorageCapacity } from "../../types/index.ts";
import { checkDNSSubdomain, checkImmutable, greaterThanOrEqualToZero } from "../field-checks.ts";
import type { KindStrategy } from "../generic.ts";
import { checkLabelSelector } from "../label-selector.ts";

export const csiStorageCapacityStrategy: KindStrategy = {
  validate: (capacity: CSIStorageCapacity) => checkCapacity(capacity),
  validateUpdate(capacity: CSIStorageCapacity, old: CSIStorageCapacity) {
    const out = checkCapacity(capacity);
    checkImmutable(capacity.nodeTopology, old.nodeTopology, root("nodeTopology"), out);
    checkImmutable(capacity.storageClassName, old.storageClassName, root("storageClassName"), out);
    return out;
  },
};

function checkCapacity(capacity: CSIStorageCapacity): FieldError[] {
  const out: FieldError[] = [];
  checkLabelSelector(capacity.nodeTopology, root("nodeTopology"), out);
  checkDNSSubdomain(capacity.storageClassName ?? "", root("storageClassName"), out);
  for (const field of ["capacity", "maximumVolumeSize"] as const) {
    const quantity = capacity[field];
    if (quantity !== undefined && quantitySign(parseQuantity(quantity)) < 0) {
      out.push(fieldError.invalid(root(field), quantity, greaterThanOrEqualToZero));
    }
  }
  return out;
}
