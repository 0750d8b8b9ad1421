import type { FieldError } from "../../meta/index.ts";
import { fieldError, root } from "../../meta/index.ts";
import type { ResourceClaimTemplate, resourceV1 } from "../../types/index.ts";
import { checkImmutable } from "../field-checks.ts";
import type { KindStrategy } from "../generic.ts";
import { goValue } from "../go-value.ts";
import { ageColumn, ageOf, nameColumn, nameOf, text } from "../table/cells.ts";
import { checkClaimSpec, checkUnique, defaultClaimSpec } from "./claim-spec.ts";
import { checkDriverName, checkPoolName } from "./names.ts";

type ResourceClaim = resourceV1.ResourceClaim;

const specPath = root("spec");
const statusPath = root("status");
const definitions = "io.k8s.api.resource.v1";
const reservedMax = 256;

export const resourceClaimStrategy: KindStrategy = {
  applyDefaults: ({ spec }: ResourceClaim) => defaultClaimSpec(spec),
  validate(claim: ResourceClaim) {
    const out: FieldError[] = [];
    checkClaimSpec(claim.spec, specPath, out);
    return out;
  },
  validateUpdate(claim: ResourceClaim, old: ResourceClaim) {
    const out: FieldError[] = [];
    const shown = goValue(claim.spec, `${definitions}.ResourceClaimSpec`);
    checkImmutable(claim.spec, old.spec, specPath, out, shown);
    return out;
  },
  updates: {
    status: {
      prepareForUpdate() {},
      validateUpdate: (claim: ResourceClaim, old: ResourceClaim) => checkStatus(claim, old),
    },
  },
  table: {
    columns: [nameColumn, text("State"), ageColumn],
    cells: (claim: ResourceClaim, now) => [nameOf(claim), stateOf(claim), ageOf(claim, now)],
  },
};

function stateOf({ metadata, status }: ResourceClaim): string {
  const states: string[] = [];
  if (metadata.deletionTimestamp) states.push("deleted");
  if (status?.allocation) {
    states.push("allocated");
    if ((status.reservedFor ?? []).length > 0) states.push("reserved");
  } else if (!metadata.deletionTimestamp) states.push("pending");
  return states.join(",");
}

function checkStatus({ metadata, spec, status }: ResourceClaim, old: ResourceClaim): FieldError[] {
  const out: FieldError[] = [];
  const reserved = status?.reservedFor ?? [];
  const reservedPath = statusPath.child("reservedFor");
  if (reserved.length > reservedMax) out.push(fieldError.tooMany(reservedPath, reserved.length, reservedMax));
  const uids = new Set<string>();
  for (const [i, { resource, name, uid }] of reserved.entries()) {
    const at = reservedPath.index(i);
    if (!resource) out.push(fieldError.required(at.child("resource"), ""));
    if (!name) out.push(fieldError.required(at.child("name"), ""));
    if (!uid) out.push(fieldError.required(at.child("uid"), ""));
    checkUnique(uid, uids, at.child("uid"), out);
  }
  if (reserved.length > 0 && !status?.allocation) {
    out.push(fieldError.forbidden(reservedPath, "may not be specified when `allocated` is not set"));
  }
  const isNew = reserved.length > (old.status?.reservedFor ?? []).length;
  if (isNew && metadata.deletionTimestamp) {
    out.push(
      fieldError.forbidden(
        reservedPath,
        "new entries may not be added while `deallocationRequested` or `deletionTimestamp` are set",
      ),
    );
  }
  checkAllocation({ spec, status }, out);
  if (old.status?.allocation && status?.allocation) {
    const path = statusPath.child("allocation");
    const shown = goValue(status.allocation, `${definitions}.AllocationResult`);
    checkImmutable(status.allocation, old.status.allocation, path, out, shown);
  }
  return out;
}

function checkAllocation({ spec, status }: Pick<ResourceClaim, "spec" | "status">, out: FieldError[]): void {
  const names = new Set<string>();
  for (const { name, firstAvailable } of spec.devices?.requests ?? []) {
    names.add(name);
    for (const sub of firstAvailable ?? []) names.add(`${name}/${sub.name}`);
  }
  const path = statusPath.child("allocation", "devices", "results");
  for (const [i, result] of (status?.allocation?.devices?.results ?? []).entries()) {
    const at = path.index(i);
    if (!names.has(result.request)) {
      const detail =
        "must be the name of a request in the claim or the name of a request and a subrequest separated by '/'";
      out.push(fieldError.invalid(at.child("request"), result.request, detail));
    }
    checkDriverName(result.driver, at.child("driver"), out);
    checkPoolName(result.pool, at.child("pool"), out);
    if (!result.device) out.push(fieldError.required(at.child("device"), ""));
  }
}

export const resourceClaimTemplateStrategy: KindStrategy = {
  applyDefaults: ({ spec }: ResourceClaimTemplate) => defaultClaimSpec(spec.spec),
  validate: (template: ResourceClaimTemplate) => checkTemplate(template),
  validateUpdate(template: ResourceClaimTemplate, old: ResourceClaimTemplate) {
    const out = checkTemplate(template);
    const shown = goValue(template.spec, `${definitions}.ResourceClaimTemplateSpec`);
    checkImmutable(template.spec, old.spec, specPath, out, shown);
    return out;
  },
  table: {
    columns: [nameColumn, ageColumn],
    cells: (template: ResourceClaimTemplate, now) => [nameOf(template), ageOf(template, now)],
  },
};

function checkTemplate({ spec }: ResourceClaimTemplate): FieldError[] {
  const out: FieldError[] = [];
  checkClaimSpec(spec.spec, specPath.child("spec"), out);
  return out;
}
