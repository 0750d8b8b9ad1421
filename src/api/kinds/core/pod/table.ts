import { isConditionTrue } from "../../../meta/index.ts";
import type { ContainerStatus, Pod } from "../../../types/index.ts";
import type { TableStrategy } from "../../kind.ts";
import { isSidecar } from "../../podspec/pod-resources.ts";
import { ageColumn, ageOf, nameColumn, nameOf, none, since, text } from "../../table/cells.ts";

export const podTable: TableStrategy = {
  columns: [
    nameColumn,
    text("Ready"),
    text("Status"),
    text("Restarts"),
    ageColumn,
    text("IP", 1),
    text("Node", 1),
    text("Nominated Node", 1),
    text("Readiness Gates", 1),
  ],
  cells(pod: Pod, now) {
    const state = summarize(pod);
    return [
      nameOf(pod),
      `${state.ready}/${state.total}`,
      state.reason,
      restartsText(state, now),
      ageOf(pod, now),
      pod.status?.podIPs?.[0]?.ip ?? (pod.status?.podIP || none),
      pod.spec.nodeName || none,
      pod.status?.nominatedNodeName || none,
      readinessGates(pod),
    ];
  },
};

interface Summary {
  reason: string;
  ready: number;
  total: number;
  restarts: number;
  lastRestart: string | undefined;
}

/** The one word of the Status column: the pod's phase, or what says more of its containers. */
function summarize(pod: Pod): Summary {
  const { status = {}, spec } = pod;
  const summary: Summary = {
    reason: status.reason || status.phase || "",
    ready: 0,
    total: (spec.containers ?? []).length + (spec.initContainers ?? []).filter(isSidecar).length,
    restarts: 0,
    lastRestart: undefined,
  };
  const scheduling = (status.conditions ?? []).find(({ type }) => type === "PodScheduled");
  if (scheduling?.reason === "SchedulingGated") summary.reason = "SchedulingGated";
  const initializing = summarizeInit(pod, summary);
  if (!initializing || isConditionTrue(status.conditions, "Initialized")) summarizeContainers(pod, summary);
  if (pod.metadata.deletionTimestamp) {
    if (status.reason === "NodeLost") summary.reason = "Unknown";
    else if (status.phase !== "Succeeded" && status.phase !== "Failed") summary.reason = "Terminating";
  }
  return summary;
}

/** Whether an init container still has to end; then the reason tells of it. */
function summarizeInit(pod: Pod, summary: Summary): boolean {
  const specs = new Map((pod.spec.initContainers ?? []).map((container) => [container.name, container]));
  const total = specs.size;
  let sidecarRestarts = 0;
  for (const [i, status] of (pod.status?.initContainerStatuses ?? []).entries()) {
    noteRestarts(summary, status);
    const spec = specs.get(status.name);
    const sidecar = spec !== undefined && isSidecar(spec);
    if (sidecar) sidecarRestarts += status.restartCount;
    if (status.state?.terminated?.exitCode === 0 && status.state.terminated) continue;
    if (sidecar && status.started) {
      if (status.ready) summary.ready++;
      continue;
    }
    summary.reason = initReason(status, i, total);
    return true;
  }
  // Once all are through, only the restarts of those that go on running count.
  summary.restarts = sidecarRestarts;
  return false;
}

function initReason(status: ContainerStatus, index: number, total: number): string {
  const { terminated, waiting } = status.state ?? {};
  if (terminated) return `Init:${terminated.reason || exitText(terminated)}`;
  if (waiting?.reason && waiting.reason !== "PodInitializing") return `Init:${waiting.reason}`;
  return `Init:${index}/${total}`;
}

function exitText({ signal, exitCode }: { signal?: number; exitCode: number }): string {
  return signal ? `Signal:${signal}` : `ExitCode:${exitCode}`;
}

function summarizeContainers(pod: Pod, summary: Summary): void {
  let hasRunning = false;
  for (const status of [...(pod.status?.containerStatuses ?? [])].reverse()) {
    noteRestarts(summary, status);
    const { waiting, terminated, running } = status.state ?? {};
    if (waiting?.reason) summary.reason = waiting.reason;
    else if (terminated) summary.reason = terminated.reason || exitText(terminated);
    else if (status.ready && running) {
      hasRunning = true;
      summary.ready++;
    }
  }
  if (summary.reason === "Completed" && hasRunning) {
    summary.reason = isConditionTrue(pod.status?.conditions, "Ready") ? "Running" : "NotReady";
  }
}

function noteRestarts(summary: Summary, status: ContainerStatus): void {
  summary.restarts += status.restartCount ?? 0;
  const ended = status.lastState?.terminated?.finishedAt;
  if (ended && (summary.lastRestart === undefined || ended > summary.lastRestart)) summary.lastRestart = ended;
}

function restartsText(summary: Summary, now: number): string {
  if (summary.restarts === 0 || summary.lastRestart === undefined) return String(summary.restarts);
  return `${summary.restarts} (${since(summary.lastRestart, now)} ago)`;
}

function readinessGates(pod: Pod): string {
  const gates = pod.spec.readinessGates ?? [];
  if (gates.length === 0) return none;
  const passed = gates.filter((gate) => isConditionTrue(pod.status?.conditions, gate.conditionType)).length;
  return `${passed}/${gates.length}`;
}
