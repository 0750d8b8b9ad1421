import type { FieldError } from "../../meta/index.ts";
import { root } from "../../meta/index.ts";
import type { resourceV1 } from "../../types/index.ts";
import { checkImmutable } from "../field-checks.ts";
import type { KindStrategy } from "../generic.ts";
import { goValue } from "../go-value.ts";
import { restoreMetadata } from "../status-metadata.ts";
import { ageColumn, ageOf, nameColumn, nameOf, text } from "../table/cells.ts";
import { checkClaimStatus, dropDeallocatedDevices } from "./claim-status.ts";
import { checkDeviceClaim, defaultDeviceClaim, forgetEmptyRequests } from "./device-claim.ts";

type Claim = resourceV1.ResourceClaim;

const specPath = root("spec");

export const resourceClaimStrategy: KindStrategy = {
  applyDefaults: ({ spec }: Claim) => defaultDeviceClaim(spec?.devices),
  prepareForCreate: ({ spec }: Claim) => forgetEmptyRequests(spec?.devices),
  validate(claim: Claim) {
    const out: FieldError[] = [];
    checkDeviceClaim(claim.spec?.devices, specPath.child("devices"), out);
    return out;
  },
  // What may not change is not judged again.
  validateUpdate(claim: Claim, old: Claim) {
    const out: FieldError[] = [];
    const shown = goValue(claim.spec, "io.k8s.api.resource.v1.ResourceClaimSpec");
    checkImmutable(claim.spec, old.spec, specPath, out, shown);
    return out;
  },
  updates: {
    status: {
      prepareForUpdate(claim: Claim, old: Claim) {
        restoreMetadata(claim, old);
        dropDeallocatedDevices(claim, old);
      },
      validateUpdate: checkClaimStatus,
    },
  },
  statusResetFields: [["metadata"]],
  table: {
    columns: [nameColumn, text("State"), ageColumn],
    cells: (claim: Claim, now) => [nameOf(claim), stateOf(claim), ageOf(claim, now)],
  },
};

function stateOf({ metadata, status }: Claim): string {
  const states: string[] = [];
  if (metadata.deletionTimestamp) states.push("deleted");
  if (status?.allocation) states.push("allocated");
  else if (!metadata.deletionTimestamp) states.push("pending");
  if (status?.allocation && (status.reservedFor ?? []).length > 0) states.push("reserved");
  return states.join(",");
}
