import type { Pod } from "../../api/types/index.ts";
import { findContainer } from "../pod-worker/index.ts";
import type { NodePorts } from "./node-ports.ts";
import { runHook } from "./start-container.ts";

/** However long preStop took, the process gets this long. */
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
  const { pod, id, name, podIP, graceSeconds, runsHook } = request;
  const container = findContainer(pod, name);
  const hook = container?.lifecycle?.preStop;
  if (container === undefined || hook === undefined || !runsHook) {
    await ports.runtime.stopContainer(id, graceSeconds);
    return;
  }
  const begun = ports.host.clock.now();
  const problem = await runHook(ports, { pod, container, id, podIP, hook, timeoutSeconds: graceSeconds });
  if (problem !== undefined) {
    ports.record(pod, { type: "Warning", reason: "FailedPreStopHook", message: "PreStopHook failed", container: name });
  }
  const left = graceSeconds - Math.ceil((ports.host.clock.now() - begun) / 1000);
  await ports.runtime.stopContainer(id, Math.max(left, leastGraceSeconds));
}
