import { formatTime } from "../../api/meta/index.ts";
import type {
  Container,
  ContainerState,
  ContainerStateTerminated,
  ContainerStatus,
  ResourceRequirements,
  VolumeMountStatus,
} from "../../api/types/index.ts";
import { latest, type ObservedContainer, previous } from "./observed.ts";
import { isSidecar } from "./pod-spec.ts";
import { appliedResources } from "./resize.ts";
import type { Situation, Waiting } from "./situation.ts";

/** The status of one container as users see it. */
export function containerStatus(situation: Situation, container: Container): ContainerStatus {
  const { pod, observed, memory } = situation;
  const seen = latest(observed, container.name);
  const waiting = seen?.state === "running" ? undefined : memory.waiting.get(container.name);
  const volumeMounts = volumeMountStatuses(container);
  if (seen === undefined) {
    const before = notMadeYet(situation, container);
    const state = { waiting: waiting === undefined ? before.state.waiting : asState(waiting) };
    return { ...before, state, ...(volumeMounts === undefined ? {} : { volumeMounts }) };
  }
  const health = memory.health.get(seen.id);
  const running = seen.state === "running";
  const past = previous(observed, container.name);
  const started = running && (health?.started ?? false);
  // A regular init container is ready by having completed.
  const isInit = !isSidecar(container) && pod.spec?.initContainers?.includes(container) === true;
  const isEphemeral = pod.spec?.ephemeralContainers?.some(({ name }) => name === container.name) === true;
  const ready = isEphemeral
    ? false
    : isInit
      ? seen.state === "exited" && seen.exitCode === 0
      : started && (health?.ready ?? false);
  const resources = container.resources ?? {};
  const applied = running ? appliedResources(memory, seen) : undefined;
  const isWaiting = waiting !== undefined && seen.state !== "running";
  return {
    name: container.name,
    state: isWaiting ? { waiting: asState(waiting) } : stateOf(seen),
    lastState: lastStateOf(isWaiting && seen.state === "exited" ? seen : past),
    ready,
    restartCount: seen.attempt,
    image: seen.image,
    imageID: seen.imageRef,
    containerID: containerId(seen),
    started,
    ...(hasRequests(resources) ? { allocatedResources: resources.requests } : {}),
    resources: { ...withoutClaims(resources), ...(applied === undefined ? {} : runningWith(resources, applied)) },
    ...(volumeMounts === undefined ? {} : { volumeMounts }),
  };
}

/** While a resize is on its way the status tells what the container still has. */
function runningWith(wanted: ResourceRequirements, applied: string): ResourceRequirements {
  const has: ResourceRequirements = JSON.parse(applied);
  const merged = (field: "requests" | "limits") => {
    const { cpu: _cpu, memory: _memory, ...others } = wanted[field] ?? {};
    const all = { ...others, ...has[field] };
    return Object.keys(all).length === 0 ? {} : { [field]: all };
  };
  return { ...merged("limits"), ...merged("requests") };
}

function notMadeYet({ pod, observed }: Situation, container: Container): ContainerStatus & { state: ContainerState } {
  const known = statusInApi(pod.status, container.name);
  // A pod that ended here before this kubelet knew it keeps what is written of it.
  if (known?.state?.terminated !== undefined && observed.sandbox === undefined) return { ...known, state: known.state };
  const reason = (pod.spec?.initContainers?.length ?? 0) > 0 ? "PodInitializing" : "ContainerCreating";
  return {
    name: container.name,
    state: { waiting: { reason } },
    lastState: {},
    ready: false,
    restartCount: 0,
    image: container.image ?? "",
    imageID: "",
    started: false,
  };
}

function statusInApi(status: Situation["pod"]["status"], name: string): ContainerStatus | undefined {
  const { initContainerStatuses = [], containerStatuses = [], ephemeralContainerStatuses = [] } = status ?? {};
  return [...initContainerStatuses, ...containerStatuses, ...ephemeralContainerStatuses].find(
    (one) => one.name === name,
  );
}

function asState({ reason, message }: Waiting): { reason: string; message?: string } {
  return message === undefined ? { reason } : { reason, message };
}

function stateOf(seen: ObservedContainer): ContainerState {
  switch (seen.state) {
    case "running":
    case "unknown":
      return { running: { startedAt: formatTime(seen.startedAtMs ?? seen.createdAtMs) } };
    case "exited":
      return { terminated: terminatedState(seen) };
    case "created":
      return { waiting: { reason: "ContainerCreating" } };
    default:
      return seen.state satisfies never;
  }
}

function lastStateOf(seen: ObservedContainer | undefined): ContainerState {
  return seen?.state === "exited" ? { terminated: terminatedState(seen) } : {};
}

function terminatedState(seen: ObservedContainer): ContainerStateTerminated {
  const exitCode = seen.exitCode ?? 0;
  const at = (ms: number | undefined): string => formatTime(ms ?? seen.createdAtMs);
  return {
    exitCode,
    reason: seen.reason ?? (exitCode === 0 ? "Completed" : "Error"),
    ...(seen.message ? { message: seen.message } : {}),
    startedAt: at(seen.startedAtMs),
    finishedAt: at(seen.finishedAtMs),
    containerID: containerId(seen),
  };
}

export const containerIdPrefix = "containerd://";

function containerId(seen: ObservedContainer): string {
  return `${containerIdPrefix}${seen.id}`;
}

function hasRequests(resources: ResourceRequirements): boolean {
  return resources.requests !== undefined && Object.keys(resources.requests).length > 0;
}

function withoutClaims({ limits, requests }: ResourceRequirements): ResourceRequirements {
  return { ...(limits === undefined ? {} : { limits }), ...(requests === undefined ? {} : { requests }) };
}

function volumeMountStatuses(container: Container): VolumeMountStatus[] | undefined {
  if (container.volumeMounts === undefined || container.volumeMounts.length === 0) return undefined;
  return container.volumeMounts.map(({ name, mountPath, readOnly }) =>
    readOnly === true ? { name, mountPath, readOnly, recursiveReadOnly: "Disabled" } : { name, mountPath },
  );
}
