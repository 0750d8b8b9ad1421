import type { FieldError, FieldPath } from "../../meta/index.ts";
import { fieldError } from "../../meta/index.ts";
import type { PodSecurityContext, PodSpec, SeccompProfile, SecurityContext, Sysctl } from "../../types/index.ts";
import { checkSupported } from "../field-checks.ts";
import { checkDescendingPath } from "./paths.ts";

const idMax = 2147483647;

function checkID(id: number | undefined, path: FieldPath, out: FieldError[]): void {
  if (id !== undefined && (id < 0 || id > idMax)) {
    out.push(fieldError.invalid(path, id, `must be between 0 and ${idMax}, inclusive`));
  }
}

export function checkSecurityContext(context: SecurityContext | undefined, path: FieldPath, out: FieldError[]): void {
  if (!context) return;
  checkID(context.runAsUser, path.child("runAsUser"), out);
  checkID(context.runAsGroup, path.child("runAsGroup"), out);
  if (context.procMount !== undefined) {
    checkSupported(context.procMount, ["Default", "Unmasked"], path.child("procMount"), out);
  }
  checkSeccomp(context.seccompProfile, path.child("seccompProfile"), out);
  if (context.allowPrivilegeEscalation === false) {
    if (context.privileged) {
      const detail = "cannot set `allowPrivilegeEscalation` to false and `privileged` to true";
      out.push(fieldError.invalid(path, context, detail));
    }
    if (context.capabilities?.add?.includes("CAP_SYS_ADMIN")) {
      const detail = "cannot set `allowPrivilegeEscalation` to false and `capabilities.Add` CAP_SYS_ADMIN";
      out.push(fieldError.invalid(path, context, detail));
    }
  }
  checkAppArmor(context.appArmorProfile, path.child("appArmorProfile"), out);
}

/** The security context of a pod and what stands beside it in the spec: host namespaces. */
export function checkPodSecurityContext(spec: PodSpec, specPath: FieldPath, out: FieldError[]): void {
  const path = specPath.child("securityContext");
  if (spec.hostNetwork) checkHostNetworkPorts(spec, specPath, out);
  if (spec.shareProcessNamespace && spec.hostPID) {
    const detail = "ShareProcessNamespace and HostPID cannot both be enabled";
    out.push(fieldError.invalid(specPath.child("shareProcessNamespace"), true, detail));
  }
  const context = spec.securityContext;
  if (!context) return;
  checkID(context.fsGroup, path.child("fsGroup"), out);
  for (const [i, group] of (context.supplementalGroups ?? []).entries()) {
    checkID(group, path.child("supplementalGroups").index(i), out);
  }
  checkID(context.runAsUser, path.child("runAsUser"), out);
  checkID(context.runAsGroup, path.child("runAsGroup"), out);
  checkSysctls(context.sysctls, path.child("sysctls"), out);
  checkPolicies(context, path, out);
  checkSeccomp(context.seccompProfile, path.child("seccompProfile"), out);
  checkAppArmor(context.appArmorProfile, path.child("appArmorProfile"), out);
}

function checkPolicies(context: PodSecurityContext, path: FieldPath, out: FieldError[]): void {
  if (context.fsGroupChangePolicy !== undefined) {
    checkSupported(context.fsGroupChangePolicy, ["Always", "OnRootMismatch"], path.child("fsGroupChangePolicy"), out);
  }
  if (context.supplementalGroupsPolicy !== undefined) {
    const supported = ["Merge", "Strict"];
    checkSupported(context.supplementalGroupsPolicy, supported, path.child("supplementalGroupsPolicy"), out);
  }
}

function checkHostNetworkPorts(spec: PodSpec, specPath: FieldPath, out: FieldError[]): void {
  for (const [i, container] of (spec.containers ?? []).entries()) {
    for (const [p, port] of (container.ports ?? []).entries()) {
      if (!port.hostPort || port.hostPort === port.containerPort) continue;
      const path = specPath.child("containers").index(i).child("ports").index(p).child("containerPort");
      out.push(fieldError.invalid(path, port.containerPort, "must match `hostPort` when `hostNetwork` is true"));
    }
  }
}

const sysctlSegment = "[a-z0-9]([-_a-z0-9]*[a-z0-9])?";
const sysctlPattern = `^(${sysctlSegment}[\\./])*${sysctlSegment}$`;
const sysctlName = new RegExp(sysctlPattern);
const sysctlNameMax = 253;

function checkSysctls(sysctls: readonly Sysctl[] | undefined, path: FieldPath, out: FieldError[]): void {
  const names = new Set<string>();
  for (const [i, sysctl] of (sysctls ?? []).entries()) {
    const at = path.index(i).child("name");
    if (!sysctl.name) out.push(fieldError.required(at, ""));
    else if (sysctl.name.length > sysctlNameMax || !sysctlName.test(sysctl.name)) {
      const detail = `must have at most ${sysctlNameMax} characters and match regex ${sysctlPattern}`;
      out.push(fieldError.invalid(at, sysctl.name, detail));
    } else if (names.has(sysctl.name)) out.push(fieldError.duplicate(at, sysctl.name));
    names.add((sysctl.name ?? "").replaceAll("/", "."));
  }
}

function checkSeccomp(profile: SeccompProfile | undefined, path: FieldPath, out: FieldError[]): void {
  if (!profile) return;
  if (!profile.type) {
    out.push(fieldError.required(path.child("type"), "type is required when seccompProfile is set"));
    return;
  }
  checkSupported(profile.type, ["Localhost", "RuntimeDefault", "Unconfined"], path.child("type"), out);
  checkLocalhostProfile(profile, "seccomp", path.child("localhostProfile"), out);
}

function checkLocalhostProfile(
  profile: SeccompProfile,
  what: "seccomp" | "AppArmor",
  path: FieldPath,
  out: FieldError[],
): void {
  const local = profile.localhostProfile;
  if (profile.type === "Localhost") {
    if (local) {
      if (what === "seccomp") checkDescendingPath(local, path, out);
    } else out.push(fieldError.required(path, `must be set when ${what} type is Localhost`));
  } else if (local !== undefined) {
    out.push(fieldError.invalid(path, local, `can only be set when ${what} type is Localhost`));
  }
}

function checkAppArmor(profile: SeccompProfile | undefined, path: FieldPath, out: FieldError[]): void {
  if (!profile) return;
  if (!profile.type) {
    out.push(fieldError.required(path.child("type"), "type is required when appArmorProfile is set"));
    return;
  }
  checkSupported(profile.type, ["Localhost", "RuntimeDefault", "Unconfined"], path.child("type"), out);
  checkLocalhostProfile(profile, "AppArmor", path.child("localhostProfile"), out);
}
