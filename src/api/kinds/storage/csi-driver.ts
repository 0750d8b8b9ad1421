import type { FieldError, FieldPath } from "../../meta/index.ts";
import { fieldError, root } from "../../meta/index.ts";
import type { CSIDriver, storageV1 } from "../../types/index.ts";
import { checkImmutable, checkSupported } from "../field-checks.ts";
import type { KindStrategy } from "../generic.ts";
import { ageColumn, ageOf, nameColumn, nameOf, none, text } from "../table/cells.ts";

const specPath = root("spec");
const tokenSecondsMin = 600;
const tokenSecondsMax = 2 ** 32;
const updateSecondsMin = 10;

export const csiDriverStrategy: KindStrategy = {
  applyDefaults({ spec }: CSIDriver) {
    spec.attachRequired ??= true;
    spec.podInfoOnMount ??= false;
    spec.storageCapacity ??= false;
    spec.fsGroupPolicy ??= "ReadWriteOnceWithFSType";
    spec.requiresRepublish ??= false;
    spec.seLinuxMount ??= false;
    if ((spec.volumeLifecycleModes ?? []).length === 0) spec.volumeLifecycleModes = ["Persistent"];
  },
  validate: (driver: CSIDriver) => checkDriver(driver),
  validateUpdate(driver: CSIDriver, old: CSIDriver) {
    const out = checkDriver(driver);
    for (const field of ["attachRequired", "volumeLifecycleModes"] as const) {
      checkImmutable(driver.spec[field], old.spec[field], specPath.child(field), out);
    }
    return out;
  },
  table: {
    columns: [
      nameColumn,
      { name: "AttachRequired", type: "boolean" },
      { name: "PodInfoOnMount", type: "boolean" },
      { name: "StorageCapacity", type: "boolean" },
      text("TokenRequests"),
      { name: "RequiresRepublish", type: "boolean" },
      text("Modes"),
      ageColumn,
    ],
    cells: (driver: CSIDriver, now) => [
      nameOf(driver),
      driver.spec.attachRequired ?? true,
      driver.spec.podInfoOnMount ?? false,
      driver.spec.storageCapacity ?? false,
      driver.spec.tokenRequests?.map(({ audience }) => audience).join(",") ?? "<unset>",
      driver.spec.requiresRepublish ?? false,
      driver.spec.volumeLifecycleModes?.join(",") ?? none,
      ageOf(driver, now),
    ],
  },
};

function checkDriver({ spec }: CSIDriver): FieldError[] {
  const out: FieldError[] = [];
  const policies = ["File", "None", "ReadWriteOnceWithFSType"];
  checkSupported(spec.fsGroupPolicy, policies, specPath.child("fsGroupPolicy"), out);
  checkTokenRequests(spec.tokenRequests ?? [], specPath.child("tokenRequests"), out);
  for (const mode of spec.volumeLifecycleModes ?? []) {
    checkSupported(mode, ["Persistent", "Ephemeral"], specPath.child("volumeLifecycleModes"), out);
  }
  const seconds = spec.nodeAllocatableUpdatePeriodSeconds;
  if (seconds !== undefined && seconds < updateSecondsMin) {
    const detail = `must be greater than or equal to ${updateSecondsMin} seconds`;
    out.push(fieldError.invalid(specPath.child("nodeAllocatableUpdatePeriodSeconds"), seconds, detail));
  }
  return out;
}

function checkTokenRequests(requests: readonly storageV1.TokenRequest[], path: FieldPath, out: FieldError[]): void {
  const audiences = new Set<string>();
  for (const [i, { audience, expirationSeconds }] of requests.entries()) {
    const at = path.index(i);
    if (audiences.has(audience)) out.push(fieldError.duplicate(at.child("audience"), audience));
    audiences.add(audience);
    if (expirationSeconds === undefined) continue;
    const secondsPath = at.child("expirationSeconds");
    if (expirationSeconds < tokenSecondsMin) {
      const detail = "may not specify a duration less than 10 minutes";
      out.push(fieldError.invalid(secondsPath, expirationSeconds, detail));
    }
    if (expirationSeconds > tokenSecondsMax) {
      const detail = "may not specify a duration larger than 2^32 seconds";
      out.push(fieldError.invalid(secondsPath, expirationSeconds, detail));
    }
  }
}
