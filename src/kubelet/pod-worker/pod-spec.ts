import { fnv32a } from "../../api/meta/index.ts";
import type { Container, Pod } from "../../api/types/index.ts";

export type ContainerRole = "init" | "sidecar" | "main" | "ephemeral";
export type RestartPolicy = "Always" | "OnFailure" | "Never";

const defaultGraceSeconds = 30;

export function podUid(pod: Pod): string {
  return pod.metadata.uid ?? "";
}

/** As the original names a pod in texts: name_namespace(uid). */
export function podFullName(pod: Pod): string {
  return `${pod.metadata.name}_${pod.metadata.namespace}(${podUid(pod)})`;
}

export function isSidecar(container: Container): boolean {
  return container.restartPolicy === "Always";
}

export function roleOf(pod: Pod, name: string): ContainerRole {
  const init = pod.spec?.initContainers?.find((container) => container.name === name);
  if (init !== undefined) return isSidecar(init) ? "sidecar" : "init";
  return pod.spec?.containers.some((container) => container.name === name) === false ? "ephemeral" : "main";
}

export function findContainer(pod: Pod, name: string): Container | undefined {
  const { containers = [], initContainers = [], ephemeralContainers = [] } = pod.spec ?? {};
  return [...containers, ...initContainers, ...ephemeralContainers].find((one) => one.name === name);
}

/** The part of a pod that a container's events are about. */
export function fieldPathOf(pod: Pod, name: string): string {
  switch (roleOf(pod, name)) {
    case "init":
    case "sidecar":
      return `spec.initContainers{${name}}`;
    case "ephemeral":
      return `spec.ephemeralContainers{${name}}`;
    default:
      return `spec.containers{${name}}`;
  }
}

export function restartPolicyOf(pod: Pod): RestartPolicy {
  const policy = pod.spec?.restartPolicy;
  return policy === "Never" || policy === "OnFailure" ? policy : "Always";
}

/** How long the containers of the pod may take to end: what its deletion says, else its spec. */
export function graceSecondsOf(pod: Pod): number {
  const asked = pod.metadata.deletionGracePeriodSeconds ?? pod.spec?.terminationGracePeriodSeconds;
  return Math.max(asked ?? defaultGraceSeconds, 1);
}

/** Changes when a running container no longer is what the pod asks for: only the image can change in place. */
export function specHashOf(container: Container): string {
  return fnv32a(`${container.name}\0${container.image ?? ""}`).toString(16);
}

/** Whether a container that ended with this code is started again; container rules come before the pod's policy. */
export function restartsAfter(pod: Pod, container: Container, exitCode: number): boolean {
  for (const rule of container.restartPolicyRules ?? []) {
    const { operator, values = [] } = rule.exitCodes ?? {};
    const within = values.includes(exitCode);
    if ((operator === "In" && within) || (operator === "NotIn" && !within)) return rule.action === "Restart";
  }
  const policy = container.restartPolicy ?? restartPolicyOf(pod);
  if (policy === "Always") return true;
  return policy === "OnFailure" && exitCode !== 0;
}

/** Whether an init container that failed with this code is tried again: Always means OnFailure for those. */
export function initRestartsAfter(pod: Pod, container: Container, exitCode: number): boolean {
  return exitCode !== 0 && restartsAfter(pod, container, exitCode);
}
