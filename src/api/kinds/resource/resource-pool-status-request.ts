import type { FieldError, FieldPath } from "../../meta/index.ts";
import { fieldError, root } from "../../meta/index.ts";
import type { resourceV1alpha3 } from "../../types/index.ts";
import { checkConditions } from "../condition-checks.ts";
import { checkDNSSubdomain, checkImmutable } from "../field-checks.ts";
import type { KindStrategy } from "../generic.ts";
import { goValue } from "../go-value.ts";
import { restoreMetadata } from "../status-metadata.ts";
import { checkDriverName } from "../storage/driver-name.ts";
import { checkList } from "./collections.ts";
import { limits } from "./limits.ts";
import { checkPoolName } from "./names.ts";

type Request = resourceV1alpha3.ResourcePoolStatusRequest;

const limitDefault = 100;
const limitMax = 1000;
const specPath = root("spec");
const statusPath = root("status");

export const resourcePoolStatusRequestStrategy: KindStrategy = {
  applyDefaults({ spec }: Request) {
    if (spec) spec.limit ??= limitDefault;
  },
  validate: (request: Request) => checkSpec(request),
  validateUpdate(request: Request, old: Request) {
    const out: FieldError[] = [];
    const shown = goValue(request.spec, "io.k8s.api.resource.v1alpha3.ResourcePoolStatusRequestSpec");
    checkImmutable(request.spec, old.spec, specPath, out, shown);
    return out;
  },
  allowUnconditionalUpdate: false,
  updates: { status: { prepareForUpdate: restoreMetadata, validateUpdate: checkStatus } },
  statusResetFields: [["metadata"]],
};

function checkSpec({ spec }: Request): FieldError[] {
  const out: FieldError[] = [];
  checkDriverName(spec.driver, specPath.child("driver"), out);
  const { poolName, limit } = spec;
  const poolPath = specPath.child("poolName");
  if (poolName === "") checkDNSSubdomain(poolName, poolPath, out);
  else if (poolName !== undefined) checkPoolName(poolName, poolPath, out);
  if (limit !== undefined) {
    checkAtLeast(limit, 1, specPath.child("limit"), out);
    if (limit > limitMax) {
      out.push(fieldError.invalid(specPath.child("limit"), limit, `must be less than or equal to ${limitMax}`));
    }
  }
  return out;
}

function checkAtLeast(value: number | undefined, min: number, path: FieldPath, out: FieldError[]): void {
  if (value === undefined || value >= min) return;
  out.push(fieldError.invalid(path, value, `must be greater than or equal to ${min}`));
}

function checkStatus({ status }: Request, old: Request): FieldError[] {
  const out: FieldError[] = [];
  if (old.status && Object.keys(old.status).length > 0) {
    const shown = goValue(status, "io.k8s.api.resource.v1alpha3.ResourcePoolStatusRequestStatus");
    checkImmutable(status, old.status, statusPath, out, shown);
    return out;
  }
  checkAtLeast(status?.poolCount, 0, statusPath.child("poolCount"), out);
  checkList(status?.pools, limits.poolStatuses, checkPool, statusPath.child("pools"), out);
  const conditionsPath = statusPath.child("conditions");
  const conditions = status?.conditions ?? [];
  if (conditions.length > limits.poolConditions) {
    out.push(fieldError.tooMany(conditionsPath, conditions.length, limits.poolConditions));
  } else checkConditions(conditions, conditionsPath, out);
  return out;
}

const counts = ["totalDevices", "allocatedDevices", "availableDevices", "unavailableDevices", "generation"] as const;

function checkPool(pool: resourceV1alpha3.PoolStatus, path: FieldPath, out: FieldError[]): void {
  checkDriverName(pool.driver, path.child("driver"), out);
  checkPoolName(pool.poolName, path.child("poolName"), out);
  for (const field of counts) checkAtLeast(pool[field], 0, path.child(field), out);
  checkAtLeast(pool.resourceSliceCount, 1, path.child("resourceSliceCount"), out);
  const { nodeName, validationError = "" } = pool;
  if (nodeName !== undefined) checkDNSSubdomain(nodeName, path.child("nodeName"), out);
  if (Buffer.byteLength(validationError) > limits.poolErrorBytes) {
    out.push(fieldError.tooLong(path.child("validationError"), "", limits.poolErrorBytes));
  }
}
