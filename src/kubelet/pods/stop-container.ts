import type { Pod } from "../../api/types/index.ts";
import { findContainer } from "../pod-worker/index.ts";
import type { NodePorts } from "./node-ports.ts";
import { runHook } from "./start-container.ts";

/** However short the grace period is and however much of it preStop took, the process gets this long. */
const leastGraceSeconds = 2;

export interface StopRequest {
  readonly pod: Pod;
  readonly id: string;
  readonly name: string;
  readonly podIP: string;
  readonly graceSeconds: number;
  /** Whether its preStop hook is still to be run. */
  readonly runsHook: boolean;
}

/** Ends one container within its grace period, of which preStop is a part. */
export async function stopContainer(ports: NodePorts, request: StopRequest): Promise<void> {
  const { id, graceSeconds } = request;
  const left = graceSeconds - (await runPreStop(ports, request));
  await ports.runtime.stopContainer(id, Math.max(left, leastGraceSeconds));
}

/** Gives how many seconds the hook took, of as many as there are. */
async function runPreStop(ports: NodePorts, request: StopRequest): Promise<number> {
  const { pod, id, name, podIP, graceSeconds, runsHook } = request;
  const container = findContainer(pod, name);
  const hook = container?.lifecycle?.preStop;
  if (container === undefined || hook === undefined || !runsHook) return 0;
  const begun = ports.host.clock.now();
  const problem = await runHook(ports, { pod, container, id, podIP, hook, timeoutSeconds: graceSeconds });
  const tookSeconds = (ports.host.clock.now() - begun) / 1000;
  // A hook that is still running at the end has not failed.
  if (problem !== undefined && tookSeconds < graceSeconds) {
    ports.record(pod, { type: "Warning", reason: "FailedPreStopHook", message: "PreStopHook failed", container: name });
  }
  return Math.ceil(tookSeconds);
}
