import type { FieldError, FieldPath } from "../../meta/index.ts";
import { fieldError, isPortName, isValidPortNum } from "../../meta/index.ts";
import type { Container, ContainerPort, ContainerResizePolicy, EphemeralContainer } from "../../types/index.ts";
import { checkDNSLabel, checkRequiredSupported, checkWith } from "../field-checks.ts";
import { checkEnv, checkEnvFrom } from "./env.ts";
import { checkLifecycle, checkProbe } from "./probes.ts";
import { checkContainerResourceName, checkResourceRequirements } from "./resources.ts";
import { checkSecurityContext } from "./security-context.ts";
import { checkVolumeDevices, checkVolumeMounts, type Volumes } from "./volumes.ts";

/** What the checks of a container must know of its pod. */
export interface PodContext {
  readonly volumes: Volumes;
  readonly claimNames: ReadonlySet<string>;
  readonly graceSeconds: number;
  readonly restartPolicy: string;
}

export const pullPolicies = ["Always", "IfNotPresent", "Never"];
const messagePolicies = ["FallbackToLogsOnError", "File"];
const restartPolicies = ["Always", "Never", "OnFailure"];

export function checkContainers(
  containers: readonly Container[] | undefined,
  context: PodContext,
  path: FieldPath,
  out: FieldError[],
): void {
  if (!containers || containers.length === 0) return void out.push(fieldError.required(path, ""));
  const names = new Set<string>();
  for (const [i, container] of containers.entries()) {
    const at = path.index(i);
    checkContainer(container, context, at, out);
    if (names.has(container.name)) out.push(fieldError.duplicate(at.child("name"), container.name));
    else names.add(container.name);
    checkRestartPolicy(container, at, out);
    checkLifecycle(container.lifecycle, context.graceSeconds, at.child("lifecycle"), out);
    checkProbes(container, context.graceSeconds, at, out);
  }
  checkHostPortConflicts(containers, path, out);
}

function checkProbes(container: Container, graceSeconds: number, path: FieldPath, out: FieldError[]): void {
  checkProbe(container.livenessProbe, "livenessProbe", graceSeconds, path.child("livenessProbe"), out);
  checkProbe(container.readinessProbe, "readinessProbe", graceSeconds, path.child("readinessProbe"), out);
  checkProbe(container.startupProbe, "startupProbe", graceSeconds, path.child("startupProbe"), out);
}

export function checkInitContainers(
  containers: readonly Container[] | undefined,
  regular: readonly Container[] | undefined,
  context: PodContext,
  path: FieldPath,
  out: FieldError[],
): void {
  const names = new Set((regular ?? []).map((container) => container.name));
  for (const [i, container] of (containers ?? []).entries()) {
    const at = path.index(i);
    checkContainer(container, context, at, out);
    checkRestartPolicy(container, at, out);
    if (names.has(container.name)) out.push(fieldError.duplicate(at.child("name"), container.name));
    else if (container.name) names.add(container.name);
    checkHostPortConflicts([container], path, out);
    if (container.restartPolicy === "Always") {
      checkLifecycle(container.lifecycle, context.graceSeconds, at.child("lifecycle"), out);
      checkProbes(container, context.graceSeconds, at, out);
    } else checkRunsOnce(container, at, out);
  }
}

const sidecarFields = ["lifecycle", "livenessProbe", "readinessProbe", "startupProbe"] as const;

function checkRunsOnce(container: Container, path: FieldPath, out: FieldError[]): void {
  for (const field of sidecarFields) {
    if (!container[field]) continue;
    const detail = "may not be set for init containers without restartPolicy=Always";
    out.push(fieldError.forbidden(path.child(field), detail));
  }
  if ((container.resizePolicy ?? []).length > 0) {
    const detail = "must not be set for init containers";
    out.push(fieldError.invalid(path.child("resizePolicy"), container.resizePolicy, detail));
  }
}

/** What all three sorts of containers have in common. */
export function checkContainer(
  container: Container | EphemeralContainer,
  context: PodContext,
  path: FieldPath,
  out: FieldError[],
): void {
  if (!container.name) out.push(fieldError.required(path.child("name"), ""));
  else checkDNSLabel(container.name, path.child("name"), out);
  if (!container.image) out.push(fieldError.required(path.child("image"), ""));
  const { terminationMessagePolicy } = container;
  checkRequiredSupported(terminationMessagePolicy, messagePolicies, path.child("terminationMessagePolicy"), out);
  checkPorts(container.ports, path.child("ports"), out);
  checkEnv(container.env, path.child("env"), out);
  checkEnvFrom(container.envFrom, path.child("envFrom"), out);
  checkVolumeMounts(container, context.volumes, path.child("volumeMounts"), out);
  checkVolumeDevices(container, context.volumes, path.child("volumeDevices"), out);
  checkRequiredSupported(container.imagePullPolicy, pullPolicies, path.child("imagePullPolicy"), out);
  const { resources } = container;
  checkResourceRequirements(resources, path.child("resources"), out, checkContainerResourceName, context.claimNames);
  checkResizePolicy(container.resizePolicy, context.restartPolicy, path.child("resizePolicy"), out);
  checkSecurityContext(container.securityContext, path.child("securityContext"), out);
}

function checkRestartPolicy(container: Container, path: FieldPath, out: FieldError[]): void {
  const policy = container.restartPolicy;
  if (policy !== undefined && !restartPolicies.includes(policy)) {
    out.push(fieldError.notSupported(path.child("restartPolicy"), policy, restartPolicies));
  }
}

const protocols = ["SCTP", "TCP", "UDP"];

function checkPorts(ports: readonly ContainerPort[] | undefined, path: FieldPath, out: FieldError[]): void {
  const names = new Set<string>();
  for (const [i, port] of (ports ?? []).entries()) {
    const at = path.index(i);
    if (port.name) {
      const messages = isPortName(port.name);
      if (messages.length > 0) checkWith(messages, port.name, at.child("name"), out);
      else if (names.has(port.name)) out.push(fieldError.duplicate(at.child("name"), port.name));
      else names.add(port.name);
    }
    if (!port.containerPort) out.push(fieldError.required(at.child("containerPort"), ""));
    else checkWith(isValidPortNum(port.containerPort), port.containerPort, at.child("containerPort"), out);
    if (port.hostPort) checkWith(isValidPortNum(port.hostPort), port.hostPort, at.child("hostPort"), out);
    checkRequiredSupported(port.protocol, protocols, at.child("protocol"), out);
  }
}

function checkHostPortConflicts(containers: readonly Container[], path: FieldPath, out: FieldError[]): void {
  const taken = new Set<string>();
  for (const [i, container] of containers.entries()) {
    for (const [p, port] of (container.ports ?? []).entries()) {
      if (!port.hostPort) continue;
      const key = `${port.protocol}/${port.hostIP ?? ""}/${port.hostPort}`;
      const at = path.index(i).child("ports").index(p).child("hostPort");
      if (taken.has(key)) out.push(fieldError.duplicate(at, key));
      else taken.add(key);
    }
  }
}

const resizableResources = ["cpu", "memory"];
const resizePolicies = ["NotRequired", "RestartContainer"];

function checkResizePolicy(
  policies: readonly ContainerResizePolicy[] | undefined,
  podRestartPolicy: string,
  path: FieldPath,
  out: FieldError[],
): void {
  const seen = new Set<string>();
  for (const [i, policy] of (policies ?? []).entries()) {
    const { resourceName, restartPolicy } = policy;
    if (seen.has(resourceName)) out.push(fieldError.duplicate(path.index(i), resourceName));
    seen.add(resourceName);
    if (!resizableResources.includes(resourceName)) {
      out.push(fieldError.notSupported(path, resourceName, resizableResources));
    }
    if (!restartPolicy) out.push(fieldError.required(path, ""));
    else if (!resizePolicies.includes(restartPolicy)) {
      out.push(fieldError.notSupported(path, restartPolicy, resizePolicies));
    } else if (podRestartPolicy === "Never" && restartPolicy !== "NotRequired") {
      const detail = "must be 'NotRequired' when `restartPolicy` is 'Never'";
      out.push(fieldError.invalid(path, restartPolicy, detail));
    }
  }
}
