import type { FieldError } from "../../../meta/index.ts";
import { fieldError, isValidIP, root } from "../../../meta/index.ts";
import type { ServiceSpec } from "../../../types/index.ts";
import { checkSupported } from "../../field-checks.ts";

const specPath = root("spec");
const families = ["IPv4", "IPv6"];
const familyPolicies = ["SingleStack", "PreferDualStack", "RequireDualStack"];

/** Addresses, families and their policy, which all must fit together. */
export function checkClusterIPs(spec: ServiceSpec, out: FieldError[]): void {
  if (spec.type === "ExternalName") return;
  const ips = spec.clusterIPs ?? [];
  const path = specPath.child("clusterIPs");
  if (ips.length > 0 && !spec.clusterIP) {
    out.push(fieldError.invalid(path, ips, "must be empty when `clusterIP` is not specified"));
  } else if (ips.length > 0 && spec.clusterIP !== ips[0]) {
    out.push(fieldError.invalid(path, ips, "first value must match `clusterIP`"));
  }
  checkFamilies(spec, out);
  for (const [i, ip] of ips.entries()) {
    if (i === 0 && ip === "None") {
      if (ips.length > 1) out.push(fieldError.invalid(path, ips, "'None' must be the first and only value"));
      continue;
    }
    for (const message of isValidIP(ip)) out.push(fieldError.invalid(path.index(i), ip, message));
  }
  if (ips.length > families.length) out.push(fieldError.invalid(path, ips, "may only hold up to 2 values"));
}

function checkFamilies(spec: ServiceSpec, out: FieldError[]): void {
  const path = specPath.child("ipFamilies");
  const seen = new Set<string>();
  for (const [i, family] of (spec.ipFamilies ?? []).entries()) {
    checkSupported(family, families, path.index(i), out);
    if (seen.has(family)) out.push(fieldError.duplicate(path.index(i), family));
    seen.add(family);
  }
  if (spec.ipFamilyPolicy !== undefined) {
    checkSupported(spec.ipFamilyPolicy, familyPolicies, specPath.child("ipFamilyPolicy"), out);
  }
  const ips = (spec.clusterIPs ?? []).length;
  const dual = ips > 1 || (spec.ipFamilies ?? []).length > 1;
  if (dual && spec.ipFamilyPolicy === "SingleStack") {
    const detail = "must be RequireDualStack or PreferDualStack when multiple 'clusterIPs' are specified";
    out.push(fieldError.invalid(specPath.child("ipFamilyPolicy"), spec.ipFamilyPolicy, detail));
  }
}

/** The first address stays for the life of the service, while its type has one. */
export function checkClusterIPsUpdate(spec: ServiceSpec, old: ServiceSpec, out: FieldError[]): void {
  if (!hasClusterIP(spec) || !hasClusterIP(old)) return;
  const before = old.clusterIPs ?? [];
  const after = spec.clusterIPs ?? [];
  const path = specPath.child("clusterIPs");
  if (before[0] && before[0] !== "None" && before[0] !== after[0]) {
    if (after.length === 0) out.push(fieldError.invalid(path.index(0), after, "primary clusterIP can not be unset"));
    else out.push(fieldError.invalid(path.index(0), after, "may not change once set"));
  }
  if (before.length === 2 && after.length === 2 && before[1] !== after[1]) {
    out.push(fieldError.invalid(path.index(1), after, "may not change once set"));
  }
  const primary = old.ipFamilies?.[0];
  if (primary && spec.ipFamilies?.[0] && spec.ipFamilies[0] !== primary) {
    out.push(fieldError.invalid(specPath.child("ipFamilies").index(0), spec.ipFamilies[0], "may not change once set"));
  }
}

function hasClusterIP({ type }: ServiceSpec): boolean {
  return type === "ClusterIP" || type === "NodePort" || type === "LoadBalancer";
}
