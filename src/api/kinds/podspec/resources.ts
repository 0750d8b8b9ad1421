import type { FieldError, FieldPath } from "../../meta/index.ts";
import {
  compareQuantity,
  fieldError,
  isQualifiedName,
  parseQuantity,
  quantitySign,
  toMilli,
} from "../../meta/index.ts";
import type { ResourceRequirements } from "../../types/index.ts";
import { greaterThanOrEqualToZero } from "../field-checks.ts";
import {
  isExtendedResourceName,
  isHugePages,
  isIntegerResource,
  isNativeResource,
  isOvercommitAllowed,
  isStandardContainerResource,
  isStandardResource,
} from "../resource-names.ts";

export type NameCheck = (name: string, path: FieldPath, out: FieldError[]) => void;

/** Requests and limits of a container (or of a claim's volume, with another check of names). */
export function checkResourceRequirements(
  resources: ResourceRequirements | undefined,
  path: FieldPath,
  out: FieldError[],
  checkName: NameCheck = checkContainerResourceName,
  claimNames?: ReadonlySet<string>,
): void {
  if (!resources) return;
  const limits = resources.limits ?? {};
  const requests = resources.requests ?? {};
  const seen = { hugePages: false, cpuOrMemory: false };
  for (const [name, text] of Object.entries(limits)) {
    const at = path.child("limits").key(name);
    checkName(name, at, out);
    checkResourceQuantity(name, text, at, out);
    note(name, seen);
  }
  for (const [name, text] of Object.entries(requests)) {
    const at = path.child("requests").key(name);
    checkName(name, at, out);
    checkResourceQuantity(name, text, at, out);
    checkAgainstLimit(name, text, Object.hasOwn(limits, name) ? limits[name] : undefined, path, out);
    note(name, seen);
  }
  if (seen.hugePages && !seen.cpuOrMemory) out.push(fieldError.forbidden(path, "HugePages require cpu or memory"));
  checkClaims(resources, path.child("claims"), out, claimNames);
}

function note(name: string, seen: { hugePages: boolean; cpuOrMemory: boolean }): void {
  if (isHugePages(name)) seen.hugePages = true;
  if (name === "cpu" || name === "memory") seen.cpuOrMemory = true;
}

function checkAgainstLimit(
  name: string,
  request: string,
  limit: string | undefined,
  path: FieldPath,
  out: FieldError[],
): void {
  if (limit === undefined) {
    if (!isOvercommitAllowed(name)) {
      out.push(fieldError.required(path.child("limits"), "Limit must be set for non overcommitable resources"));
    }
    return;
  }
  const order = compareQuantity(parseQuantity(request), parseQuantity(limit));
  if (order !== 0 && !isOvercommitAllowed(name)) {
    out.push(fieldError.invalid(path.child("requests"), request, `must be equal to ${name} limit of ${limit}`));
  } else if (order > 0) {
    out.push(
      fieldError.invalid(path.child("requests"), request, `must be less than or equal to ${name} limit of ${limit}`),
    );
  }
}

function checkClaims(
  resources: ResourceRequirements,
  path: FieldPath,
  out: FieldError[],
  claimNames: ReadonlySet<string> | undefined,
): void {
  const seen = new Set<string>();
  for (const [i, claim] of (resources.claims ?? []).entries()) {
    const at = path.index(i);
    if (!claim.name) out.push(fieldError.required(at, ""));
    else {
      const name = claim.request ? `${claim.name}/${claim.request}` : claim.name;
      if (seen.has(name)) out.push(fieldError.duplicate(at, name));
      else seen.add(name);
      if (claimNames && !claimNames.has(claim.name)) {
        out.push(fieldError.notFound(at.child("name"), claim.name));
      }
    }
  }
}

/** Not negative, and whole where the resource is counted. */
export function checkResourceQuantity(name: string, text: string, path: FieldPath, out: FieldError[]): void {
  const quantity = parseQuantity(text);
  if (quantitySign(quantity) < 0) out.push(fieldError.invalid(path, text, greaterThanOrEqualToZero));
  if (isIntegerResource(name) && toMilli(quantity) % 1000 !== 0) {
    out.push(fieldError.invalid(path, text, "must be an integer"));
  }
}

export function checkResourceName(name: string, path: FieldPath, out: FieldError[]): boolean {
  const messages = isQualifiedName(name);
  for (const message of messages) out.push(fieldError.invalid(path, name, message));
  if (messages.length > 0) return false;
  if (!name.includes("/") && !isStandardResource(name)) {
    out.push(fieldError.invalid(path, name, "must be a standard resource type or fully qualified"));
  }
  return true;
}

export const checkContainerResourceName: NameCheck = (name, path, out) => {
  checkResourceName(name, path, out);
  if (!name.includes("/")) {
    if (!isStandardContainerResource(name)) {
      out.push(fieldError.invalid(path, name, "must be a standard resource for containers"));
    }
  } else if (!isNativeResource(name) && !isExtendedResourceName(name)) {
    out.push(fieldError.invalid(path, name, "doesn't follow extended resource name standard"));
  }
};
