import { type ObservedContainer, runningContainers } from "./observed.ts";
import type { PlanDraft } from "./plan-draft.ts";
import { graceSecondsOf, isSidecar } from "./pod-spec.ts";
import type { Ending, Situation } from "./situation.ts";

/** However little of the grace period is left, a sidecar gets this long. */
const leastGraceSeconds = 2;

/** Ends a pod: the main containers together, then the sidecars in reverse order, then the sandbox. */
export function planEnd(situation: Situation, draft: PlanDraft, ending: Ending): void {
  const { observed, memory } = situation;
  announce(situation, draft, ending);
  const running = runningContainers(observed);
  if (running.length === 0) {
    if (observed.sandbox?.ready) draft.actions.push({ kind: "stopSandbox", id: observed.sandbox.id });
    draft.ended = observed.sandbox?.ready !== true;
    return;
  }
  for (const { container, graceSeconds } of dueToEnd(situation, ending, running)) {
    const madeToEndAt = situation.now + graceSeconds * 1000;
    const known = memory.killing.get(container.id);
    // A shorter grace period (the pod was deleted again, with less) overtakes the one that runs.
    if (known !== undefined && known <= madeToEndAt) continue;
    // Who is told to be over by another's word ends without one.
    const isSilent = known !== undefined || ending.cause === "phase";
    const message = isSilent ? "" : `Stopping container ${container.name}`;
    draft.actions.push({ kind: "kill", containerId: container.id, name: container.name, message, graceSeconds });
  }
}

function announce({ memory }: Situation, draft: PlanDraft, ending: Ending): void {
  if (memory.ending !== undefined || ending.cause !== "deadline") return;
  draft.events.push({ type: "Normal", reason: ending.reason ?? "", message: ending.message ?? "" });
}

interface DueToEnd {
  readonly container: ObservedContainer;
  readonly graceSeconds: number;
}

function dueToEnd(situation: Situation, ending: Ending, running: readonly ObservedContainer[]): readonly DueToEnd[] {
  const { pod, now } = situation;
  const sidecarNames = (pod.spec?.initContainers ?? []).filter(isSidecar).map(({ name }) => name);
  const others = running.filter(({ name }) => !sidecarNames.includes(name));
  const grace = ending.graceSeconds ?? graceSecondsOf(pod);
  if (others.length > 0) return others.map((container) => ({ container, graceSeconds: grace }));
  const order = (container: ObservedContainer): number => sidecarNames.indexOf(container.name);
  const last = running.reduce((latest, container) => (order(container) > order(latest) ? container : latest));
  const leftSeconds = grace - Math.floor((now - ending.sinceMs) / 1000);
  return [{ container: last, graceSeconds: Math.max(leftSeconds, leastGraceSeconds) }];
}
