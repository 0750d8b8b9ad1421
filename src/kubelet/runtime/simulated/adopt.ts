import { parseTime } from "../../../api/meta/index.ts";
import type { Container, ContainerStateTerminated, ContainerStatus, Pod } from "../../../api/types/index.ts";
import { containerIdPrefix, isSidecar } from "../../pod-worker/index.ts";
import { containerConfig, sandboxConfig } from "../../pods/configs.ts";
import type { AdoptedContainer, AdoptedPod } from "./simulated-runtime.ts";

/** What a simulated node ran of this pod before, told by the pod's status; undefined when it ran nothing. */
export function adoptedPod(pod: Pod): AdoptedPod | undefined {
  const { status, spec } = pod;
  if (status?.startTime == null || (status.phase !== "Running" && status.phase !== "Pending")) return undefined;
  const ips = (status.podIPs ?? []).map(({ ip }) => ip ?? "").filter((ip) => ip !== "");
  const init = (spec?.initContainers ?? []).flatMap((container) => {
    const role = isSidecar(container) ? "sidecar" : "init";
    return adoptedContainer(pod, container, role, status.initContainerStatuses ?? []);
  });
  const main = (spec?.containers ?? []).flatMap((container) =>
    adoptedContainer(pod, container, "main", status.containerStatuses ?? []),
  );
  const containers = [...init, ...main];
  if (containers.length === 0 || ips.length === 0) return undefined;
  const isHost = spec?.hostNetwork === true;
  return {
    config: sandboxConfig(pod, 0),
    ips: isHost ? [] : ips,
    startedAtMs: parseTime(status.startTime),
    containers,
  };
}

function adoptedContainer(
  pod: Pod,
  container: Container,
  role: "init" | "sidecar" | "main",
  statuses: readonly ContainerStatus[],
): AdoptedContainer[] {
  const status = statuses.find(({ name }) => name === container.name);
  if (status?.containerID === undefined) return [];
  const config = containerConfig(pod, container, role, status.restartCount, undefined);
  const { running, terminated } = status.state ?? {};
  const last = status.lastState?.terminated;
  const before =
    last == null || status.restartCount === 0 ? [] : adoptedEnd(pod, container, role, status.restartCount - 1, last);
  if (running?.startedAt != null) {
    return [...before, { id: bareId(status.containerID), config, startedAtMs: parseTime(running.startedAt) }];
  }
  if (terminated != null) return [...before, ...adoptedEnd(pod, container, role, status.restartCount, terminated)];
  // Waiting for its next start: how it ended is its last state.
  return last == null ? [] : adoptedEnd(pod, container, role, status.restartCount, last);
}

function adoptedEnd(
  pod: Pod,
  container: Container,
  role: "init" | "sidecar" | "main",
  attempt: number,
  end: ContainerStateTerminated,
): AdoptedContainer[] {
  if (end.containerID === undefined || end.startedAt == null || end.finishedAt == null) return [];
  const { exitCode, reason, message } = end;
  return [
    {
      id: bareId(end.containerID),
      config: containerConfig(pod, container, role, attempt, undefined),
      startedAtMs: parseTime(end.startedAt),
      end: { exitCode, reason, message, finishedAtMs: parseTime(end.finishedAt) },
    },
  ];
}

function bareId(containerId: string): string {
  return containerId.startsWith(containerIdPrefix) ? containerId.slice(containerIdPrefix.length) : containerId;
}
