import type { FieldError } from "../../meta/index.ts";
import { fieldError, root } from "../../meta/index.ts";
import type { StatefulSetStatus } from "../../types/index.ts";
import { checkNonNegative } from "../field-checks.ts";

const counts = ["replicas", "readyReplicas", "currentReplicas", "updatedReplicas", "availableReplicas"] as const;

/** What the controller counts must add up. */
export function checkStatefulSetStatus(status: StatefulSetStatus | undefined): FieldError[] {
  const out: FieldError[] = [];
  const path = root("status");
  const replicas = status?.replicas ?? 0;
  for (const count of counts) checkNonNegative(status?.[count], path.child(count), out);
  checkNonNegative(status?.observedGeneration, path.child("observedGeneration"), out);
  checkNonNegative(status?.collisionCount, path.child("collisionCount"), out);
  for (const count of counts) {
    const value = status?.[count] ?? 0;
    if (value > replicas)
      out.push(fieldError.invalid(path.child(count), value, "cannot be greater than status.replicas"));
  }
  const available = status?.availableReplicas ?? 0;
  if (available > (status?.readyReplicas ?? 0)) {
    const detail = "cannot be greater than status.readyReplicas";
    out.push(fieldError.invalid(path.child("availableReplicas"), available, detail));
  }
  return out;
}
