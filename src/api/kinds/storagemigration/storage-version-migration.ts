import type { FieldError } from "../../meta/index.ts";
import { fieldError, isConditionTrue, root } from "../../meta/index.ts";
import type { storagemigrationV1beta1 } from "../../types/index.ts";
import { checkConditions } from "../condition-checks.ts";
import { fieldIsImmutable } from "../field-checks.ts";
import type { KindStrategy } from "../generic.ts";
import { restoreMetadata } from "../status-metadata.ts";

type Migration = storagemigrationV1beta1.StorageVersionMigration;

const int64Max = 2n ** 63n - 1n;

export const storageVersionMigrationStrategy: KindStrategy = {
  validate: (migration: Migration) => checkSpec(migration),
  validateUpdate(migration: Migration, old: Migration) {
    const out = checkSpec(migration);
    for (const field of ["group", "resource"] as const) {
      const value = migration.spec.resource?.[field] ?? "";
      // The original says the last step of the path only.
      if (value !== (old.spec.resource?.[field] ?? "")) out.push(fieldError.invalid(field, value, fieldIsImmutable));
    }
    return out;
  },
  updates: { status: { prepareForUpdate: restoreMetadata, validateUpdate: checkStatus } },
  statusResetFields: [["metadata"]],
  allowUnconditionalUpdate: false,
};

function checkSpec({ spec }: Migration): FieldError[] {
  if (spec.resource?.resource) return [];
  return [fieldError.required(root("spec", "resource", "resource"), "resource is required")];
}

function checkStatus(migration: Migration, old: Migration): FieldError[] {
  const out: FieldError[] = [];
  checkResourceVersion(migration.status?.resourceVersion ?? "", old.status?.resourceVersion ?? "", out);
  const path = root("status", "conditions");
  const conditions = migration.status?.conditions ?? [];
  checkConditions(conditions, path, out);
  const is = (type: string) => isConditionTrue(conditions, type);
  const was = (type: string) => isConditionTrue(old.status?.conditions ?? [], type);
  const refuse = (detail: string) => out.push(fieldError.invalid(path, conditions, detail));
  if (is("Succeeded") && is("Failed")) {
    refuse("Both success and failed conditions cannot be true at the same time");
  }
  if (is("Succeeded") && is("Running")) refuse("Running condition cannot be true when success condition is true");
  if (is("Failed") && is("Running")) refuse("Running condition cannot be true when failed condition is true");
  if (was("Succeeded") && !is("Succeeded")) refuse("Success condition cannot be set to false once it is true");
  if (was("Failed") && !is("Failed")) refuse("Failed condition cannot be set to false once it is true");
  return out;
}

function checkResourceVersion(revision: string, old: string, out: FieldError[]): void {
  const path = root("status", "resourceVersion");
  const problem = revision === "" ? undefined : notANumber(revision);
  if (problem !== undefined) {
    const detail = `failed to parse resource version "${revision}": strconv.ParseInt: parsing "${revision}": ${problem}`;
    out.push(fieldError.invalid(path, revision, detail));
  } else if (revision.startsWith("-") && BigInt(revision) < 0n) {
    out.push(fieldError.invalid(path, Number(revision), "must be greater than or equal to 0"));
  }
  if (old !== "" && old !== revision) out.push(fieldError.invalid(path, revision, "cannot be updated"));
}

function notANumber(text: string): string | undefined {
  if (!/^[+-]?\d+$/.test(text)) return "invalid syntax";
  const value = BigInt(text.replace("+", ""));
  return value > int64Max || value < -int64Max - 1n ? "value out of range" : undefined;
}
