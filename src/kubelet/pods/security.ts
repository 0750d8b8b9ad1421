import type { Container, Pod, SeccompProfile } from "../../api/types/index.ts";
import { podFullName } from "../pod-worker/index.ts";
import type { ContainerSecurity, Image, SandboxSecurity, SecurityProfile } from "../runtime/runtime.ts";

/** A container may not run as it would: reason CreateContainerConfigError. */
export class SecurityError extends Error {
  override readonly name = "SecurityError";
}

/** Where a container must not look, and what it may only read, unless it asks for the whole of /proc. */
const maskedPaths = [
  "/proc/asound",
  "/proc/acpi",
  "/proc/interrupts",
  "/proc/kcore",
  "/proc/keys",
  "/proc/latency_stats",
  "/proc/timer_list",
  "/proc/timer_stats",
  "/proc/sched_debug",
  "/proc/scsi",
  "/sys/firmware",
  "/sys/devices/virtual/powercap",
];
const readonlyPaths = ["/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"];

/** What the pod's and the container's security contexts amount to; the container's comes first. */
export function containerSecurity(pod: Pod, container: Container, profileRoot: string): ContainerSecurity {
  const { securityContext: pods = {} } = pod.spec ?? {};
  const { securityContext: own = {} } = container;
  const privileged = own.privileged === true;
  const unmasked = own.procMount === "Unmasked";
  const seLinux = own.seLinuxOptions ?? pods.seLinuxOptions;
  return {
    addCapabilities: own.capabilities?.add ?? [],
    dropCapabilities: own.capabilities?.drop ?? [],
    privileged,
    runAsUser: own.runAsUser ?? pods.runAsUser,
    runAsGroup: own.runAsGroup ?? pods.runAsGroup,
    readOnlyRootFilesystem: own.readOnlyRootFilesystem ?? false,
    supplementalGroups: podGroups(pod),
    supplementalGroupsPolicy: pods.supplementalGroupsPolicy === "Strict" ? "Strict" : "Merge",
    noNewPrivileges: own.allowPrivilegeEscalation === false,
    maskedPaths: unmasked ? [] : maskedPaths,
    readonlyPaths: unmasked ? [] : readonlyPaths,
    seccomp: privileged ? { type: "Unconfined" } : seccompOf(own.seccompProfile ?? pods.seccompProfile, profileRoot),
    apparmor: privileged ? undefined : appArmorOf(own.appArmorProfile ?? pods.appArmorProfile),
    ...(seLinux === undefined ? {} : { seLinux }),
  };
}

/** Of the pause container, which stands for the pod. */
export function sandboxSecurity(pod: Pod, profileRoot: string): SandboxSecurity {
  const { securityContext: pods = {}, containers = [], initContainers = [] } = pod.spec ?? {};
  return {
    runAsUser: pods.runAsUser,
    runAsGroup: pods.runAsGroup,
    supplementalGroups: podGroups(pod),
    supplementalGroupsPolicy: pods.supplementalGroupsPolicy === "Strict" ? "Strict" : "Merge",
    privileged: [...containers, ...initContainers].some(({ securityContext }) => securityContext?.privileged === true),
    // Pause does nothing that a profile could forbid: the runtime's own is always right.
    seccomp:
      pods.seccompProfile === undefined ? { type: "RuntimeDefault" } : seccompOf(pods.seccompProfile, profileRoot),
  };
}

function podGroups(pod: Pod): number[] {
  const { fsGroup, supplementalGroups = [] } = pod.spec?.securityContext ?? {};
  return [...new Set(fsGroup === undefined ? supplementalGroups : [...supplementalGroups, fsGroup])];
}

function seccompOf(profile: SeccompProfile | undefined, profileRoot: string): SecurityProfile {
  switch (profile?.type) {
    case "RuntimeDefault":
      return { type: "RuntimeDefault" };
    case "Localhost":
      return { type: "Localhost", localhost: `${profileRoot}/${profile.localhostProfile}` };
    default:
      return { type: "Unconfined" };
  }
}

function appArmorOf(profile: { readonly type: string; readonly localhostProfile?: string } | undefined) {
  switch (profile?.type) {
    case "RuntimeDefault":
      return { type: "RuntimeDefault" } as const;
    case "Unconfined":
      return { type: "Unconfined" } as const;
    case "Localhost":
      return { type: "Localhost", localhost: profile.localhostProfile } as const;
    default:
      return undefined;
  }
}

/**
 * Holds a container to its promise not to run as root.
 * @throws SecurityError
 */
export function checkNonRoot(pod: Pod, container: Container, image: Image | undefined): void {
  const { securityContext: pods = {} } = pod.spec ?? {};
  const { securityContext: own = {} } = container;
  if ((own.runAsNonRoot ?? pods.runAsNonRoot) !== true) return;
  const where = `(pod: ${JSON.stringify(podFullName(pod))}, container: ${container.name})`;
  const user = own.runAsUser ?? pods.runAsUser;
  if (user !== undefined) {
    if (user === 0) throw new SecurityError(`container's runAsUser breaks non-root policy ${where}`);
    return;
  }
  if (image?.uid === 0) throw new SecurityError(`container has runAsNonRoot and image will run as root ${where}`);
  if (image?.uid !== undefined) return;
  if (image?.username) {
    throw new SecurityError(
      `container has runAsNonRoot and image has non-numeric user (${image.username}), cannot verify user is non-root ${where}`,
    );
  }
  // An image that names nobody runs as root.
  throw new SecurityError(`container has runAsNonRoot and image will run as root ${where}`);
}
