import type { FieldError, FieldPath } from "../../meta/index.ts";
import { fieldError, isDNS1123Subdomain, isInRange } from "../../meta/index.ts";
import type { PodSpec, PodTemplateSpec } from "../../types/index.ts";
import {
  checkAnnotations,
  checkDNSLabel,
  checkLabels,
  checkQualifiedName,
  checkSupported,
  checkWith,
} from "../field-checks.ts";
import { checkAffinity } from "./affinity.ts";
import { checkContainers, checkInitContainers, type PodContext } from "./containers.ts";
import { checkDNSConfig, checkDNSPolicy, checkHostAliases } from "./dns.ts";
import { checkEphemeralContainers } from "./ephemeral.ts";
import { checkPodLevelResources } from "./pod-level-resources.ts";
import { checkResourceName, checkResourceQuantity } from "./resources.ts";
import { checkPodSecurityContext } from "./security-context.ts";
import { checkTolerations } from "./tolerations.ts";
import { checkTopologySpread } from "./topology-spread.ts";
import { checkVolumes } from "./volumes.ts";

const restartPolicies = ["Always", "OnFailure", "Never"];
const int32Max = 2147483647;

/** The published rules of a pod's spec, for pods and for the templates of workloads. `podName` is empty in templates. */
export function checkPodSpec(spec: PodSpec, podName: string, path: FieldPath, out: FieldError[]): void {
  const volumes = checkVolumes(spec.volumes, podName, path.child("volumes"), out);
  const context: PodContext = {
    volumes,
    claimNames: checkResourceClaims(spec, path.child("resourceClaims"), out),
    graceSeconds: spec.terminationGracePeriodSeconds ?? 30,
    restartPolicy: spec.restartPolicy ?? "Always",
  };
  checkContainers(spec.containers, context, path.child("containers"), out);
  checkInitContainers(spec.initContainers, spec.containers, context, path.child("initContainers"), out);
  checkEphemeralContainers(spec, context, path.child("ephemeralContainers"), out);
  checkPodLevelResources(spec, path.child("resources"), out);
  if (!spec.restartPolicy) out.push(fieldError.required(path.child("restartPolicy"), ""));
  else checkSupported(spec.restartPolicy, restartPolicies, path.child("restartPolicy"), out);
  checkDNSPolicy(spec.dnsPolicy, path.child("dnsPolicy"), out);
  checkLabels(spec.nodeSelector, path.child("nodeSelector"), out);
  checkPodSecurityContext(spec, path, out);
  checkAffinity(spec.affinity, path.child("affinity"), out);
  checkDNSConfig(spec, path.child("dnsConfig"), out);
  checkGates(spec, path, out);
  checkTopologySpread(spec.topologySpreadConstraints, path.child("topologySpreadConstraints"), out);
  checkNames(spec, path, out);
  checkTolerations(spec.tolerations, path.child("tolerations"), out);
  checkHostAliases(spec.hostAliases, path.child("hostAliases"), out);
  checkClasses(spec, path, out);
}

function checkResourceClaims(spec: PodSpec, path: FieldPath, out: FieldError[]): ReadonlySet<string> {
  const names = new Set<string>();
  for (const [i, claim] of (spec.resourceClaims ?? []).entries()) {
    const at = path.index(i);
    if (!claim.name) out.push(fieldError.required(at.child("name"), ""));
    else if (names.has(claim.name)) out.push(fieldError.duplicate(at.child("name"), claim.name));
    else {
      checkDNSLabel(claim.name, at.child("name"), out);
      names.add(claim.name);
    }
    const sources = [claim.resourceClaimName, claim.resourceClaimTemplateName].filter((name) => name !== undefined);
    if (sources.length > 1) {
      const detail = "at most one of `resourceClaimName` or `resourceClaimTemplateName` may be specified";
      out.push(fieldError.invalid(at, claim, detail));
    } else if (sources.length === 0) {
      const detail = "must specify one of: `resourceClaimName`, `resourceClaimTemplateName`";
      out.push(fieldError.invalid(at, claim, detail));
    }
  }
  return names;
}

function checkGates(spec: PodSpec, path: FieldPath, out: FieldError[]): void {
  for (const [i, gate] of (spec.readinessGates ?? []).entries()) {
    checkQualifiedName(gate.conditionType ?? "", path.child("readinessGates").index(i).child("conditionType"), out);
  }
  const seen = new Set<string>();
  for (const [i, gate] of (spec.schedulingGates ?? []).entries()) {
    const at = path.child("schedulingGates").index(i);
    checkQualifiedName(gate.name ?? "", at, out);
    if (seen.has(gate.name)) out.push(fieldError.duplicate(at, gate.name));
    seen.add(gate.name);
  }
}

function checkNames(spec: PodSpec, path: FieldPath, out: FieldError[]): void {
  const { serviceAccountName, nodeName, activeDeadlineSeconds, hostname, subdomain } = spec;
  if (serviceAccountName) checkSubdomain(serviceAccountName, path.child("serviceAccountName"), out);
  if (nodeName) checkSubdomain(nodeName, path.child("nodeName"), out);
  if (activeDeadlineSeconds !== undefined) {
    const at = path.child("activeDeadlineSeconds");
    checkWith(isInRange(activeDeadlineSeconds, 1, int32Max), activeDeadlineSeconds, at, out);
  }
  if (hostname) checkDNSLabel(hostname, path.child("hostname"), out);
  if (subdomain) checkDNSLabel(subdomain, path.child("subdomain"), out);
}

function checkSubdomain(name: string, path: FieldPath, out: FieldError[]): void {
  checkWith(isDNS1123Subdomain(name), name, path, out);
}

function checkClasses(spec: PodSpec, path: FieldPath, out: FieldError[]): void {
  if (spec.priorityClassName) checkSubdomain(spec.priorityClassName, path.child("priorityClassName"), out);
  if (spec.runtimeClassName !== undefined) checkSubdomain(spec.runtimeClassName, path.child("runtimeClassName"), out);
  if (spec.preemptionPolicy !== undefined) {
    const policies = ["PreemptLowerPriority", "Never"];
    checkSupported(spec.preemptionPolicy, policies, path.child("preemptionPolicy"), out);
  }
  for (const [name, quantity] of Object.entries(spec.overhead ?? {})) {
    const at = path.child("overhead").key(name);
    checkResourceName(name, at, out);
    checkResourceQuantity(name, quantity, at, out);
  }
  if (spec.os) {
    const at = path.child("os", "name");
    if (!spec.os.name) out.push(fieldError.required(at, "cannot be empty"));
    else checkSupported(spec.os.name, ["linux", "windows"], at, out);
  }
}

/** A template's labels and annotations lie directly below it in messages, as the original has it. */
export function checkPodTemplate(template: PodTemplateSpec, path: FieldPath, out: FieldError[]): void {
  checkLabels(template.metadata?.labels, path.child("labels"), out);
  checkAnnotations(template.metadata?.annotations, path.child("annotations"), out);
  const spec = template.spec ?? { containers: [] };
  checkPodSpec(spec, "", path.child("spec"), out);
  if ((spec.ephemeralContainers ?? []).length > 0) {
    const detail = "ephemeral containers not allowed in pod template";
    out.push(fieldError.forbidden(path.child("spec", "ephemeralContainers"), detail));
  }
}
