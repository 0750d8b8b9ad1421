import type { ObservedContainer, ObservedPod } from "../pod-worker/index.ts";
import { containerHashAnnotation, containerNameLabel, podUidLabel, restartCountAnnotation } from "../runtime/labels.ts";
import type { ContainerRuntime, ContainerStatus } from "../runtime/runtime.ts";

/** Looks at all that the runtime holds of a pod. */
export async function observePod(runtime: ContainerRuntime, uid: string): Promise<ObservedPod> {
  const labels = { [podUidLabel]: uid };
  const sandboxes = await runtime.listPodSandbox({ labels });
  if (sandboxes.length === 0) return { olderSandboxIds: [], containers: [] };
  const [newest, ...older] = [...sandboxes].sort((a, b) => b.metadata.attempt - a.metadata.attempt);
  const containers = await runtime.listContainers({ labels });
  const statuses = await Promise.all(containers.map(({ id }) => runtime.containerStatus(id)));
  const seen = statuses.map(asObserved).sort((a, b) => b.attempt - a.attempt || b.createdAtMs - a.createdAtMs);
  if (newest === undefined) return { olderSandboxIds: [], containers: seen };
  const { ips } = await runtime.podSandboxStatus(newest.id);
  return {
    sandbox: {
      id: newest.id,
      attempt: newest.metadata.attempt,
      ready: newest.state === "ready",
      ips,
      createdAtMs: newest.createdAtMs,
    },
    olderSandboxIds: older.map(({ id }) => id),
    containers: seen,
  };
}

function asObserved(status: ContainerStatus): ObservedContainer {
  return {
    id: status.id,
    name: status.labels[containerNameLabel] ?? status.metadata.name,
    sandboxId: status.podSandboxId,
    attempt: Number(status.annotations[restartCountAnnotation] ?? status.metadata.attempt),
    state: status.state,
    specHash: status.annotations[containerHashAnnotation] ?? "",
    image: status.image.image,
    imageRef: status.imageRef,
    createdAtMs: status.createdAtMs,
    startedAtMs: status.startedAtMs,
    finishedAtMs: status.finishedAtMs,
    exitCode: status.exitCode,
    reason: status.reason,
    message: status.message,
  };
}
