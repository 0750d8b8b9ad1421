import type { FieldError } from "../../../meta/index.ts";
import { fieldError, isValidIP, root } from "../../../meta/index.ts";
import type { ServiceSpec } from "../../../types/index.ts";
import { checkSupported } from "../../field-checks.ts";

const specPath = root("spec");
const families = ["IPv4", "IPv6"];
const familyPolicies = ["SingleStack", "PreferDualStack", "RequireDualStack"];

/** Addresses, families and their policy, which all must fit together. */
export function checkClusterIPs(spec: ServiceSpec): FieldError[] {
  const out: FieldError[] = [];
  if (spec.type === "ExternalName") return out;
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
  return out;
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

/** Addresses and families stay for the life of the service; a second one may come, and go with `SingleStack`. */
export function checkClusterIPsUpdate(spec: ServiceSpec, old: ServiceSpec, out: FieldError[]): void {
  if (!hasClusterIP(spec) || !hasClusterIP(old)) return;
  const wasHeadless = old.clusterIP === "None";
  const isHeadless = spec.clusterIP === "None";
  if (wasHeadless && isHeadless) return;
  checkKept("clusterIP", spec, old, out);
  if (wasHeadless === isHeadless) checkKept("ipFamily", spec, old, out);
}

const pluralOf = { clusterIP: "clusterIPs", ipFamily: "ipFamilies" } as const;

function checkKept(name: "clusterIP" | "ipFamily", spec: ServiceSpec, old: ServiceSpec, out: FieldError[]): void {
  const field = pluralOf[name];
  const before = old[field] ?? [];
  const after = spec[field] ?? [];
  const path = specPath.child(field);
  if (before.length === after.length) {
    for (const [i, value] of before.entries()) {
      const at = name === "clusterIP" ? i : 0;
      if (value !== after[i]) out.push(fieldError.invalid(path.index(at), after, "may not change once set"));
    }
    return;
  }
  // Of families the original tells the addresses here.
  const told = spec.clusterIPs ?? [];
  if (after.length === 0) out.push(fieldError.invalid(path.index(0), after, `primary ${name} can not be unset`));
  else if (before.length > 0 && after[0] !== before[0]) {
    out.push(fieldError.invalid(path.index(0), told, "may not change once set"));
  }
  if (before.length === 2 && after.length === 1 && spec.ipFamilyPolicy !== "SingleStack") {
    const detail = `\`ipFamilyPolicy\` must be set to 'SingleStack' when releasing the secondary ${name}`;
    out.push(fieldError.invalid(specPath.child("clusterIPs").index(0), told, detail));
  }
}

function hasClusterIP({ type }: ServiceSpec): boolean {
  return type === "ClusterIP" || type === "NodePort" || type === "LoadBalancer";
}
