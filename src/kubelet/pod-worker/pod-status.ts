import { formatTime } from "../../api/meta/index.ts";
import type { ContainerStatus, PodStatus } from "../../api/types/index.ts";
import { conditionsOf, type ResizeState } from "./conditions.ts";
import { containerStatus } from "./container-status.ts";
import { latest, runningContainers } from "./observed.ts";
import { type Phase, phaseOf } from "./phase.ts";
import { appliedResources, resizeStepOf } from "./resize.ts";
import { isEmpty, podRequests, podResources, qosClassOf } from "./resources.ts";
import { isForNode, type Situation } from "./situation.ts";

/** The whole status of a pod as the situation shows it, keeping what others than the kubelet wrote. */
export function podStatus(situation: Situation, hostIPs: readonly string[]): PodStatus {
  const { pod, observed, memory, now } = situation;
  const { containers = [], initContainers = [], ephemeralContainers = [] } = pod.spec ?? {};
  const ephemeral = ephemeralContainers.map((container) => containerStatus(situation, container));
  const init = initContainers.map((container) => containerStatus(situation, container));
  const main = containers.map((container) => containerStatus(situation, container));
  const sandboxReady = observed.sandbox?.ready === true;
  const isOver = memory.ending !== undefined && !sandboxReady && runningContainers(observed).length === 0;
  const phase = shownPhase(situation, init, main, isOver);
  // A pod that another wrote to be over keeps what was written.
  if (memory.ending?.cause === "phase") return { ...pod.status };
  const conditions = conditionsOf({
    pod,
    phase,
    sandboxReady,
    init,
    main,
    now,
    ending: memory.ending,
    resize: resizeOf(situation),
  });
  const ips = podIPs(situation, hostIPs);
  const requests = podRequests(pod);
  return {
    ...foreign(pod.status),
    observedGeneration: pod.metadata.generation,
    phase,
    conditions,
    ...endingTexts(situation, phase),
    hostIP: hostIPs[0],
    hostIPs: hostIPs.map((ip) => ({ ip })),
    ...(ips.length === 0 ? {} : { podIP: ips[0], podIPs: ips.map((ip) => ({ ip })) }),
    startTime: formatTime(situation.startTimeMs),
    ...listOf("initContainerStatuses", init),
    ...listOf("containerStatuses", main),
    ...listOf("ephemeralContainerStatuses", ephemeral),
    qosClass: pod.status?.qosClass ?? qosClassOf(pod),
    ...(isEmpty(requests) ? {} : { allocatedResources: requests }),
    resources: podResources(pod, sandboxReady),
  };
}

function resizeOf({ pod, observed, memory }: Situation): ResizeState {
  const { containers = [], initContainers = [] } = pod.spec ?? {};
  const inProgress = [...containers, ...initContainers].some((container) => {
    const seen = latest(observed, container.name);
    return seen?.state === "running" && resizeStepOf(container, appliedResources(memory, seen)) !== "none";
  });
  return { pending: memory.pendingResize, inProgress, error: memory.resizeError };
}

/** A phase is terminal only when nothing of the pod can run any more. */
function shownPhase(
  { pod, memory }: Situation,
  init: readonly ContainerStatus[],
  main: readonly ContainerStatus[],
  isOver: boolean,
): Phase {
  if (isOver && (memory.ending?.cause === "deadline" || isForNode(memory.ending))) return "Failed";
  const phase = phaseOf(pod, init, main, isOver);
  if (isOver || (phase !== "Failed" && phase !== "Succeeded")) return phase;
  return pod.status?.phase === "Pending" ? "Pending" : "Running";
}

function endingTexts({ memory }: Situation, phase: Phase): Pick<PodStatus, "reason" | "message"> {
  if (phase !== "Failed" || memory.ending?.reason === undefined) return {};
  return { message: memory.ending.message, reason: memory.ending.reason };
}

function podIPs({ pod, observed }: Situation, hostIPs: readonly string[]): readonly string[] {
  if (observed.sandbox === undefined) return (pod.status?.podIPs ?? []).map(({ ip }) => ip ?? "");
  return pod.spec?.hostNetwork === true ? hostIPs : observed.sandbox.ips;
}

/** What the kubelet leaves to others. */
function foreign(status: PodStatus | undefined): PodStatus {
  const { nominatedNodeName, resourceClaimStatuses, extendedResourceClaimStatus } = status ?? {};
  return {
    ...(nominatedNodeName === undefined ? {} : { nominatedNodeName }),
    ...(resourceClaimStatuses === undefined ? {} : { resourceClaimStatuses }),
    ...(extendedResourceClaimStatus === undefined ? {} : { extendedResourceClaimStatus }),
  };
}

type StatusList = "initContainerStatuses" | "containerStatuses" | "ephemeralContainerStatuses";

function listOf(name: StatusList, statuses: ContainerStatus[]): Partial<PodStatus> {
  return statuses.length === 0 ? {} : { [name]: statuses };
}
