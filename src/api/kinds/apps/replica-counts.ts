import type { FieldError, FieldPath } from "../../meta/index.ts";
import { fieldError } from "../../meta/index.ts";
import { checkNonNegative } from "../field-checks.ts";

interface ReplicaCounts {
  readonly replicas?: number;
  readonly fullyLabeledReplicas?: number;
  readonly readyReplicas?: number;
  readonly availableReplicas?: number;
  readonly observedGeneration?: number;
}

/** What a controller counts must add up. */
export function checkReplicaCounts(status: ReplicaCounts, path: FieldPath): FieldError[] {
  const out: FieldError[] = [];
  const { replicas = 0, fullyLabeledReplicas = 0, readyReplicas = 0, availableReplicas = 0 } = status;
  checkNonNegative(replicas, path.child("replicas"), out);
  checkNonNegative(fullyLabeledReplicas, path.child("fullyLabeledReplicas"), out);
  checkNonNegative(readyReplicas, path.child("readyReplicas"), out);
  checkNonNegative(availableReplicas, path.child("availableReplicas"), out);
  checkNonNegative(status.observedGeneration, path.child("observedGeneration"), out);
  const notMore = (value: number, name: string, limit: number, than: string) => {
    if (value > limit) out.push(fieldError.invalid(path.child(name), value, `cannot be greater than ${than}`));
  };
  notMore(fullyLabeledReplicas, "fullyLabeledReplicas", replicas, "status.replicas");
  notMore(readyReplicas, "readyReplicas", replicas, "status.replicas");
  notMore(availableReplicas, "availableReplicas", replicas, "status.replicas");
  notMore(availableReplicas, "availableReplicas", readyReplicas, "readyReplicas");
  return out;
}
