import type { Container, ContainerStatus, Pod } from "../../api/types/index.ts";
import { initRestartsAfter, isSidecar, restartPolicyOf } from "./pod-spec.ts";

export type Phase = "Pending" | "Running" | "Succeeded" | "Failed";

/** The phase that container statuses amount to; `isOver` when nothing of the pod will be started again. */
export function phaseOf(
  pod: Pod,
  init: readonly ContainerStatus[],
  main: readonly ContainerStatus[],
  isOver: boolean,
): Phase {
  const { initContainers = [] } = pod.spec ?? {};
  const initialized = main.some((status) => status.containerID !== undefined);
  if (initContainers.some((container, index) => failedForGood(pod, container, init[index]))) return "Failed";
  const pendingInit = initContainers.some((container, index) => isPendingInit(container, init[index]));
  if (pendingInit && !initialized && !isOver) return "Pending";
  return phaseOfMain(pod, main, isOver);
}

function phaseOfMain(pod: Pod, main: readonly ContainerStatus[], isOver: boolean): Phase {
  let waiting = 0;
  let running = 0;
  let succeeded = 0;
  for (const { state, lastState } of main) {
    if (state?.running !== undefined) running++;
    else if (state?.terminated !== undefined) succeeded += state.terminated.exitCode === 0 ? 1 : 0;
    else if (lastState?.terminated === undefined) waiting++;
  }
  if (waiting > 0) return isOver ? "Failed" : "Pending";
  if (running > 0) return "Running";
  if (!isOver && restartPolicyOf(pod) === "Always") return "Running";
  if (succeeded === main.length) return "Succeeded";
  return isOver || restartPolicyOf(pod) === "Never" ? "Failed" : "Running";
}

function isPendingInit(container: Container, status: ContainerStatus | undefined): boolean {
  if (isSidecar(container)) return status?.started !== true;
  return status?.state?.terminated?.exitCode !== 0;
}

function failedForGood(pod: Pod, container: Container, status: ContainerStatus | undefined): boolean {
  if (isSidecar(container)) return false;
  const exitCode = status?.state?.terminated?.exitCode ?? 0;
  return exitCode !== 0 && !initRestartsAfter(pod, container, exitCode);
}
