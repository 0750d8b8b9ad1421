import type { Container, Pod } from "../../api/types/index.ts";
import {
  type ContainerRole,
  graceSecondsOf,
  isSidecar,
  podUid,
  resourcesText,
  restartPolicyOf,
  specHashOf,
} from "../pod-worker/index.ts";
import {
  containerHashAnnotation,
  containerNameLabel,
  containerResourcesAnnotation,
  containerRoleAnnotation,
  gracePeriodAnnotation,
  podNameLabel,
  podNamespaceLabel,
  podUidLabel,
  restartCountAnnotation,
  restartPolicyAnnotation,
  terminationMessagePathAnnotation,
  terminationMessagePolicyAnnotation,
} from "../runtime/labels.ts";
import type {
  ContainerConfig,
  NamespaceOptions,
  PodSandboxConfig,
  PortMapping,
  UserNamespace,
} from "../runtime/runtime.ts";
import { containerResources } from "./container-resources.ts";
import { podDns } from "./dns.ts";
import { expandAll } from "./environment.ts";
import { podHostname, sandboxHostname } from "./hostname.ts";
import type { Machine } from "./machine.ts";
import { containerSecurity, sandboxSecurity } from "./security.ts";
import { dottedSysctl } from "./sysctls.ts";

/**
 * What the runtime is told of a pod's sandbox.
 * @param machine absent on a simulated node
 * @param users of the pod, where they are others than the machine's
 * @throws when the pod's name does not fit
 */
export function sandboxConfig(pod: Pod, attempt: number, machine?: Machine, users?: UserNamespace): PodSandboxConfig {
  const { name = "", namespace = "", labels, annotations } = pod.metadata;
  const { hostNetwork, securityContext } = pod.spec ?? {};
  const uid = podUid(pod);
  const sysctls = (securityContext?.sysctls ?? []).map(({ name, value }) => [dottedSysctl(name), value]);
  const hostname = machine === undefined ? podHostname(pod) : sandboxHostname(pod, machine.dns.clusterDomain);
  return {
    metadata: { name, uid, namespace, attempt },
    hostname: hostNetwork === true ? "" : hostname,
    logDirectory: machine?.files.logDirectory(pod) ?? `/var/log/pods/${namespace}_${name}_${uid}`,
    ...(machine === undefined ? {} : { dnsConfig: podDns(pod, machine.dns).config, portMappings: portMappings(pod) }),
    labels: { ...labels, ...identity(pod) },
    annotations: annotations ?? {},
    linux: {
      cgroupParent: machine?.cgroups?.parentOf(pod) ?? "",
      namespaces: { ...namespacesOf(pod), ...(users === undefined ? {} : { users }) },
      sysctls: Object.fromEntries(sysctls),
      ...(machine === undefined ? {} : { security: sandboxSecurity(pod, machine.seccompDir) }),
    },
  };
}

function namespacesOf({ spec }: Pod): NamespaceOptions {
  const { hostNetwork, hostPID, hostIPC, shareProcessNamespace } = spec ?? {};
  return {
    network: hostNetwork === true ? "node" : "pod",
    pid: hostPID === true ? "node" : shareProcessNamespace === true ? "pod" : "container",
    ipc: hostIPC === true ? "node" : "pod",
  };
}

function portMappings({ spec }: Pod): PortMapping[] {
  const { containers = [], initContainers = [] } = spec ?? {};
  const ports = [...containers, ...initContainers.filter(isSidecar)].flatMap(({ ports = [] }) => ports);
  return ports.map(({ protocol = "TCP", containerPort, hostPort = 0, hostIP = "" }) => ({
    protocol: protocol === "UDP" || protocol === "SCTP" ? protocol : "TCP",
    containerPort,
    hostPort,
    hostIp: hostIP,
  }));
}

/** What the runtime is told of a container; its environment has been resolved by the caller. */
export function containerConfig(
  pod: Pod,
  container: Container,
  role: ContainerRole,
  attempt: number,
  envs: ContainerConfig["envs"],
  machine?: Machine,
): ContainerConfig {
  const { name, image = "", command, args, workingDir, stdin, stdinOnce, tty, lifecycle } = container;
  return {
    metadata: { name, attempt },
    image: { image },
    command: expandAll(command, envs ?? []),
    args: expandAll(args, envs ?? []),
    workingDir,
    envs,
    labels: { ...identity(pod), [containerNameLabel]: name },
    annotations: {
      [containerHashAnnotation]: specHashOf(container),
      [restartCountAnnotation]: String(attempt),
      [terminationMessagePathAnnotation]: container.terminationMessagePath ?? "/dev/termination-log",
      [terminationMessagePolicyAnnotation]: container.terminationMessagePolicy ?? "File",
      [containerRoleAnnotation]: role,
      [containerResourcesAnnotation]: resourcesText(container),
      [restartPolicyAnnotation]: restartPolicyOf(pod),
      [gracePeriodAnnotation]: String(graceSecondsOf(pod)),
    },
    ...(machine === undefined
      ? simulatedSecurity(pod, container)
      : {
          resources: containerResources(pod, container, machine.memoryBytes),
          security: containerSecurity(pod, container, machine.seccompDir),
        }),
    logPath: `${name}/${attempt}.log`,
    stdin,
    stdinOnce,
    tty,
    stopSignal: lifecycle?.stopSignal,
  };
}

/** Most pods of a simulation say nothing of it, and there may be very many. */
function simulatedSecurity(pod: Pod, container: Container): Pick<ContainerConfig, "security"> {
  const says = { ...pod.spec?.securityContext, ...container.securityContext };
  return Object.keys(says).length === 0 ? {} : { security: containerSecurity(pod, container, "") };
}

function identity(pod: Pod): Record<string, string> {
  return {
    [podNameLabel]: pod.metadata.name ?? "",
    [podNamespaceLabel]: pod.metadata.namespace ?? "",
    [podUidLabel]: podUid(pod),
  };
}
