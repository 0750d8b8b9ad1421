import type { Container, Pod } from "../../api/types/index.ts";
import { type ContainerRole, podUid, restartPolicyOf, specHashOf } from "../pod-worker/index.ts";
import {
  containerHashAnnotation,
  containerNameLabel,
  containerRoleAnnotation,
  podNameLabel,
  podNamespaceLabel,
  podUidLabel,
  restartCountAnnotation,
  restartPolicyAnnotation,
  terminationMessagePathAnnotation,
  terminationMessagePolicyAnnotation,
} from "../runtime/labels.ts";
import type { ContainerConfig, PodSandboxConfig } from "../runtime/runtime.ts";
import { expandAll } from "./environment.ts";

/** What the runtime is told of a pod's sandbox. */
export function sandboxConfig(pod: Pod, attempt: number): PodSandboxConfig {
  const { name = "", namespace = "", labels, annotations } = pod.metadata;
  const { hostNetwork, hostPID, hostIPC, hostname, shareProcessNamespace } = pod.spec ?? {};
  const uid = podUid(pod);
  return {
    metadata: { name, uid, namespace, attempt },
    hostname: hostNetwork === true ? "" : (hostname ?? name),
    logDirectory: `/var/log/pods/${namespace}_${name}_${uid}`,
    labels: { ...labels, ...identity(pod) },
    annotations: annotations ?? {},
    linux: {
      cgroupParent: "",
      namespaces: {
        network: hostNetwork === true ? "node" : "pod",
        pid: hostPID === true ? "node" : shareProcessNamespace === true ? "pod" : "container",
        ipc: hostIPC === true ? "node" : "pod",
      },
    },
  };
}

/** What the runtime is told of a container; its environment has been resolved by the caller. */
export function containerConfig(
  pod: Pod,
  container: Container,
  role: ContainerRole,
  attempt: number,
  envs: ContainerConfig["envs"],
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
      [restartPolicyAnnotation]: restartPolicyOf(pod),
    },
    logPath: `${name}/${attempt}.log`,
    stdin,
    stdinOnce,
    tty,
    stopSignal: lifecycle?.stopSignal,
  };
}

function identity(pod: Pod): Record<string, string> {
  return {
    [podNameLabel]: pod.metadata.name ?? "",
    [podNamespaceLabel]: pod.metadata.namespace ?? "",
    [podUidLabel]: podUid(pod),
  };
}
