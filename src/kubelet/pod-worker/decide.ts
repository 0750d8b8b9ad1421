import type { Container } from "../../api/types/index.ts";
import { afterStart, waitsUntil } from "./backoff.ts";
import { planEnd } from "./end.ts";
import { latest, type ObservedContainer, type ObservedSandbox, runningContainers } from "./observed.ts";
import { PlanDraft } from "./plan-draft.ts";
import {
  graceSecondsOf,
  initRestartsAfter,
  isSidecar,
  podFullName,
  restartsAfter,
  roleOf,
  specHashOf,
} from "./pod-spec.ts";
import { appliedResources, resizeStepOf } from "./resize.ts";
import type { Ending, Plan, Situation } from "./situation.ts";

const deadlineMessage = "Pod was active on the node longer than the specified deadline";
/** Within a long back-off it is looked at once more, so that users see the back-off and not only how it ended. */
const lookAgainShare = 0.75;
const lookAgainMs = 15_000;

/**
 * What is to be done next for a pod: a function of the situation alone. Every step is small; after its actions the pod
 * is looked at again.
 */
export function decide(situation: Situation): Plan {
  const draft = new PlanDraft(situation);
  draft.ending = endingOf(situation);
  if (draft.ending === undefined) planRun(situation, draft);
  else planEnd(situation, draft, draft.ending);
  return draft.finish();
}

function endingOf(situation: Situation): Ending | undefined {
  const { pod, memory, now } = situation;
  if (memory.ending !== undefined) return memory.ending;
  if (pod.metadata.deletionTimestamp != null) return { cause: "deleted", sinceMs: now };
  if (pod.status?.phase === "Failed" || pod.status?.phase === "Succeeded") return { cause: "phase", sinceMs: now };
  if (now >= deadlineOf(situation)) {
    return { cause: "deadline", sinceMs: now, reason: "DeadlineExceeded", message: deadlineMessage };
  }
  return isCompleted(situation) ? { cause: "completed", sinceMs: now } : undefined;
}

function deadlineOf({ pod, startTimeMs }: Situation): number {
  const seconds = pod.spec?.activeDeadlineSeconds;
  return seconds === undefined ? Number.POSITIVE_INFINITY : startTimeMs + seconds * 1000;
}

/** Nothing is left to be started: all main containers ended for good, or an init container failed for good. */
function isCompleted({ pod, observed }: Situation): boolean {
  const { initContainers = [], containers = [] } = pod.spec ?? {};
  const isOver = (container: Container): boolean => {
    const seen = latest(observed, container.name);
    return seen?.state === "exited" && !restartsAfter(pod, container, seen.exitCode ?? 0);
  };
  if (containers.every(isOver)) return true;
  return initContainers.some((container) => {
    const seen = latest(observed, container.name);
    const failed = seen?.state === "exited" && (seen.exitCode ?? 0) !== 0 && !isSidecar(container);
    return failed && !initRestartsAfter(pod, container, seen.exitCode ?? 0);
  });
}

function planRun(situation: Situation, draft: PlanDraft): void {
  const { pod, observed, networkReady } = situation;
  const deadline = deadlineOf(situation);
  if (Number.isFinite(deadline)) draft.wakeAt(deadline);
  const { sandbox } = observed;
  if (sandbox === undefined || !sandbox.ready) {
    if (networkReady || pod.spec?.hostNetwork === true) planSandbox(situation, draft, sandbox);
    return;
  }
  if (planInitContainers(situation, draft, sandbox)) planMainContainers(situation, draft, sandbox);
  planEphemeralContainers(situation, draft, sandbox);
  planForgetting(situation, draft);
}

/** Those of `kubectl debug`: each is started once, beside whatever runs. */
function planEphemeralContainers(situation: Situation, draft: PlanDraft, sandbox: ObservedSandbox): void {
  for (const container of situation.pod.spec?.ephemeralContainers ?? []) {
    const seen = latest(situation.observed, container.name);
    if (seen === undefined) startOrWait(situation, draft, container, sandbox, seen);
  }
}

/** A dead sandbox takes all of the pod with it: what still runs ends, and the pod is built anew. */
function planSandbox(situation: Situation, draft: PlanDraft, dead: ObservedSandbox | undefined): void {
  const running = runningContainers(situation.observed);
  for (const container of running) {
    kill(situation, draft, container, `Stopping container ${container.name}`, graceSecondsOf(situation.pod));
  }
  if (running.length > 0) return;
  if (dead !== undefined) draft.actions.push({ kind: "stopSandbox", id: dead.id });
  draft.actions.push({ kind: "createSandbox", attempt: dead === undefined ? 0 : dead.attempt + 1 });
  if (dead !== undefined) {
    draft.events.push({
      type: "Normal",
      reason: "SandboxChanged",
      message: "Pod sandbox changed, it will be killed and re-created.",
    });
  }
}

/** Starts the next init container that is due; true when the main containers may run. */
function planInitContainers(situation: Situation, draft: PlanDraft, sandbox: ObservedSandbox): boolean {
  const { pod, observed, memory } = situation;
  const { initContainers = [], containers = [] } = pod.spec ?? {};
  const wasInitialized = containers.some(({ name }) => latest(observed, name)?.sandboxId === sandbox.id);
  for (const container of initContainers) {
    const seen = latest(observed, container.name);
    const here = seen?.sandboxId === sandbox.id ? seen : undefined;
    if (!isSidecar(container)) {
      if (wasInitialized || (here?.state === "exited" && here.exitCode === 0)) continue;
      if (here?.state !== "running") startOrWait(situation, draft, container, sandbox, seen);
      return false;
    }
    if (here === undefined || here.state === "exited" || here.state === "created") {
      startOrWait(situation, draft, container, sandbox, seen);
      if (!wasInitialized) return false;
      continue;
    }
    killIfDue(situation, draft, container, here);
    if (!wasInitialized && !(memory.health.get(here.id)?.started ?? false)) return false;
  }
  return true;
}

function planMainContainers(situation: Situation, draft: PlanDraft, sandbox: ObservedSandbox): void {
  const { pod, observed } = situation;
  for (const container of pod.spec?.containers ?? []) {
    const seen = latest(observed, container.name);
    if (seen === undefined || seen.state === "created") startOrWait(situation, draft, container, sandbox, seen);
    else if (seen.state === "exited") {
      if (restartsAfter(pod, container, seen.exitCode ?? 0)) startOrWait(situation, draft, container, sandbox, seen);
    } else killIfDue(situation, draft, container, seen);
  }
}

/** Ends a container that is no longer what the pod asks for, or that its probes gave up. */
function killIfDue(situation: Situation, draft: PlanDraft, container: Container, seen: ObservedContainer): void {
  const grace = graceSecondsOf(situation.pod);
  if (seen.specHash !== specHashOf(container)) {
    kill(situation, draft, seen, `Container ${seen.name} definition changed, will be restarted`, grace);
    return;
  }
  const failed = situation.memory.health.get(seen.id)?.failed;
  if (failed === undefined) {
    resizeIfDue(situation, draft, container, seen);
    return;
  }
  // Whether it starts again is the restart policy's to say, after it has ended.
  const then = restartsAfter(situation.pod, container, 137) ? "will be restarted" : "will not be restarted";
  const message = `Container ${seen.name} failed ${failed.probe} probe, ${then}`;
  kill(situation, draft, seen, message, failed.graceSeconds ?? grace);
}

function resizeIfDue(situation: Situation, draft: PlanDraft, container: Container, seen: ObservedContainer): void {
  if (situation.memory.killing.has(seen.id)) return;
  const applied = appliedResources(situation.memory, seen);
  const step = resizeStepOf(container, applied);
  if (step === "restart") {
    kill(situation, draft, seen, `Container ${seen.name} resize requires restart`, graceSecondsOf(situation.pod));
  }
  if (step === "inPlace") draft.actions.push({ kind: "resize", container, containerId: seen.id, applied });
}

function kill(
  { memory }: Situation,
  draft: PlanDraft,
  seen: ObservedContainer,
  message: string,
  graceSeconds: number,
): void {
  if (memory.killing.has(seen.id)) return;
  draft.actions.push({ kind: "kill", containerId: seen.id, name: seen.name, message, graceSeconds });
}

function startOrWait(
  situation: Situation,
  draft: PlanDraft,
  container: Container,
  sandbox: ObservedSandbox,
  seen: ObservedContainer | undefined,
): void {
  const { pod, memory, now } = situation;
  const { name } = container;
  const specHash = specHashOf(container);
  const failure = memory.failures.get(name);
  if (failure !== undefined && failure.specHash === specHash && failure.retryAtMs > now) {
    draft.waiting.set(name, { reason: failure.reason, message: failure.message });
    draft.wakeAt(failure.retryAtMs);
    return;
  }
  if (seen?.state === "exited") {
    const since = seen.finishedAtMs ?? now;
    const key = `${name}\0${specHash}`;
    const until = waitsUntil(draft.backoffs, key, since, now);
    if (until !== undefined) {
      waitOut(situation, draft, container, seen, until);
      return;
    }
    draft.backoffs = afterStart(draft.backoffs, key, since, now);
  }
  const attempt = seen === undefined ? 0 : seen.attempt + 1;
  draft.actions.push({ kind: "start", container, role: roleOf(pod, name), attempt, sandboxId: sandbox.id });
}

function waitOut(
  { pod, memory, now }: Situation,
  draft: PlanDraft,
  { name }: Container,
  seen: ObservedContainer,
  until: number,
): void {
  const known = memory.waiting.get(name);
  const delayMs = until - (seen.finishedAtMs ?? now);
  const message = `back-off ${formatDelay(delayMs)} restarting failed container=${name} pod=${podFullName(pod)}`;
  draft.waiting.set(name, { reason: "CrashLoopBackOff", message, afterId: seen.id });
  draft.events.push({
    type: "Warning",
    reason: "BackOff",
    message: `Back-off restarting failed container ${name} in pod ${podFullName(pod)}`,
    container: name,
  });
  const isFirstLook = known?.afterId !== seen.id;
  const left = until - now;
  draft.wakeAt(isFirstLook ? now + Math.min(left * lookAgainShare, lookAgainMs) : until);
}

/** As Go writes whole durations of that size: 10s, 1m20s, 5m0s. */
function formatDelay(ms: number): string {
  const seconds = Math.round(ms / 1000);
  const minutes = Math.floor(seconds / 60);
  return minutes === 0 ? `${seconds}s` : `${minutes}m${seconds % 60}s`;
}

/**
 * Of each container the runtime keeps the latest and the one before it, which tells how it last ended; an older sandbox
 * goes when nothing of it is kept.
 */
function planForgetting({ observed }: Situation, draft: PlanDraft): void {
  const kept = new Map<string, number>();
  const inUse = new Set<string>();
  for (const { id, name, state, sandboxId } of observed.containers) {
    const count = (kept.get(name) ?? 0) + 1;
    kept.set(name, count);
    if (count > 2 && state === "exited") draft.actions.push({ kind: "removeContainer", id });
    else inUse.add(sandboxId);
  }
  for (const id of observed.olderSandboxIds) {
    if (!inUse.has(id)) draft.actions.push({ kind: "removeSandbox", id });
  }
}
