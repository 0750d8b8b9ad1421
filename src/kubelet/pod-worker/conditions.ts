import { formatTime } from "../../api/meta/index.ts";
import type { ContainerStatus, Pod, PodCondition } from "../../api/types/index.ts";
import type { Phase } from "./phase.ts";
import { isSidecar } from "./pod-spec.ts";
import type { PendingResize } from "./resize.ts";
import { type Ending, isForNode } from "./situation.ts";

export interface ConditionInput {
  readonly pod: Pod;
  readonly phase: Phase;
  readonly sandboxReady: boolean;
  readonly init: readonly ContainerStatus[];
  readonly main: readonly ContainerStatus[];
  readonly now: number;
  readonly ending?: Ending;
  readonly resize?: ResizeState;
}

/** How far the pod's containers are from the resources that it wants. */
export interface ResizeState {
  readonly pending?: PendingResize;
  readonly inProgress: boolean;
  readonly error?: string;
}

interface Judgement {
  readonly status: "True" | "False";
  readonly reason?: string;
  readonly message?: string;
}

/** Tells controllers that a pod did not fail by itself. */
const disruption = "DisruptionTarget";
/** The kubelet's conditions that are there only while they hold. */
export const passingConditions: readonly string[] = ["PodResizePending", "PodResizeInProgress"];
const kubeletTypes = ["PodReadyToStartContainers", "Initialized", "Ready", "ContainersReady", "PodScheduled"];

/** The pod's conditions: those of others as they are, then the kubelet's own in their usual order. */
export function conditionsOf(input: ConditionInput): PodCondition[] {
  const { pod } = input;
  const known = pod.status?.conditions ?? [];
  const containersReady = judgeContainersReady(input);
  const judged: Record<string, Judgement> = {
    PodReadyToStartContainers: { status: input.sandboxReady ? "True" : "False" },
    Initialized: judgeInitialized(input),
    Ready: containersReady.status === "True" ? judgeGates(pod) : containersReady,
    ContainersReady: containersReady,
    PodScheduled: { status: "True" },
  };
  const conditions = known.filter(({ type }) => !kubeletTypes.includes(type) && !passingConditions.includes(type));
  if (isForNode(input.ending) && !conditions.some(({ type }) => type === disruption)) {
    const message = input.ending?.message;
    conditions.push(condition(input, known, disruption, { status: "True", reason: "TerminationByKubelet", message }));
  }
  for (const type of kubeletTypes) {
    const judgement = judged[type];
    if (judgement !== undefined) conditions.push(condition(input, known, type, judgement));
  }
  const { pending, inProgress, error } = input.resize ?? { inProgress: false };
  if (pending !== undefined)
    conditions.push(condition(input, known, "PodResizePending", { status: "True", ...pending }));
  if (inProgress) {
    const why = error === undefined ? {} : { reason: "Error", message: error };
    conditions.push(condition(input, known, "PodResizeInProgress", { status: "True", ...why }));
  }
  return conditions;
}

function condition(
  { pod, now }: ConditionInput,
  known: readonly PodCondition[],
  type: string,
  { status, reason, message }: Judgement,
): PodCondition {
  const old = known.find((one) => one.type === type);
  const unchanged = old?.status === status && old.lastTransitionTime != null;
  const { generation } = pod.metadata;
  return {
    type,
    ...(generation === undefined ? {} : { observedGeneration: generation }),
    status,
    lastProbeTime: null,
    lastTransitionTime: unchanged ? old.lastTransitionTime : formatTime(now),
    ...(reason === undefined ? {} : { reason }),
    ...(message === undefined ? {} : { message }),
  };
}

function judgeInitialized({ pod, phase, init, main }: ConditionInput): Judgement {
  const { initContainers = [] } = pod.spec ?? {};
  if (phase === "Succeeded") return { status: "True", reason: "PodCompleted" };
  const incomplete: string[] = [];
  initContainers.forEach((container, index) => {
    const status = init[index];
    const complete = isSidecar(container) ? status?.started === true : status?.ready === true;
    if (!complete) incomplete.push(container.name);
  });
  // Once main containers were made, sidecars that end do not undo it.
  if (incomplete.length === 0 || main.some(({ containerID }) => containerID !== undefined)) return { status: "True" };
  const message = `containers with incomplete status: [${incomplete.join(" ")}]`;
  return { status: "False", reason: "ContainersNotInitialized", message };
}

function judgeContainersReady({ pod, phase, init, main }: ConditionInput): Judgement {
  if (phase === "Succeeded") return { status: "False", reason: "PodCompleted" };
  if (phase === "Failed") return { status: "False", reason: "PodFailed" };
  const { initContainers = [] } = pod.spec ?? {};
  const sidecars = init.filter((_, index) => {
    const container = initContainers[index];
    return container !== undefined && isSidecar(container);
  });
  const unready = [...sidecars, ...main].filter(({ ready }) => !ready).map(({ name }) => name);
  if (unready.length === 0) return { status: "True" };
  const message = `containers with unready status: [${unready.join(" ")}]`;
  return { status: "False", reason: "ContainersNotReady", message };
}

function judgeGates(pod: Pod): Judgement {
  const problems: string[] = [];
  for (const { conditionType } of pod.spec?.readinessGates ?? []) {
    const gate = pod.status?.conditions?.find(({ type }) => type === conditionType);
    if (gate === undefined) {
      problems.push(`corresponding condition of pod readiness gate "${conditionType}" does not exist.`);
    } else if (gate.status !== "True") {
      problems.push(`the status of pod readiness gate "${conditionType}" is not "True", but ${gate.status}`);
    }
  }
  if (problems.length === 0) return { status: "True" };
  return { status: "False", reason: "ReadinessGatesNotReady", message: problems.join(", ") };
}
