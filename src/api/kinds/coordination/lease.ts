import type { FieldError } from "../../meta/index.ts";
import { fieldError, root } from "../../meta/index.ts";
import type { Lease } from "../../types/index.ts";
import { checkNonNegative, checkPositive, checkSupported } from "../field-checks.ts";
import type { KindStrategy } from "../generic.ts";
import { ageColumn, ageOf, nameColumn, nameOf, text } from "../table/cells.ts";

const strategies = ["OldestEmulationVersion"];

export const leaseStrategy: KindStrategy = {
  validate(lease: Lease) {
    const out: FieldError[] = [];
    const { leaseDurationSeconds, leaseTransitions, strategy, preferredHolder } = lease.spec ?? {};
    const path = root("spec");
    if (leaseDurationSeconds !== undefined)
      checkPositive(leaseDurationSeconds, path.child("leaseDurationSeconds"), out);
    checkNonNegative(leaseTransitions, path.child("leaseTransitions"), out);
    if (strategy !== undefined && !strategy.includes("/"))
      checkSupported(strategy, strategies, path.child("strategy"), out);
    if (preferredHolder && !strategy) {
      const detail = "may only be specified when `strategy` is defined";
      out.push(fieldError.forbidden(path.child("preferredHolder"), detail));
    }
    return out;
  },
  table: {
    columns: [nameColumn, text("Holder"), ageColumn],
    cells: (lease: Lease, now) => [nameOf(lease), lease.spec?.holderIdentity ?? "", ageOf(lease, now)],
  },
};
