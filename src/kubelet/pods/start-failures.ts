import type { Container } from "../../api/types/index.ts";
import { type PodMemory, specHashOf } from "../pod-worker/index.ts";
import type { StartError } from "./start-error.ts";

/** The second try of a start follows soon, as the runtime's events make the original look again; then it waits longer. */
const startRetriesMs = [1000, 10_000, 15_000] as const;

/** Remembers that a container could not be started: users see why, and it is tried again later. */
export function withFailure(memory: PodMemory, container: Container, error: StartError, now: number): PodMemory {
  const { name } = container;
  const { reason, message } = error;
  const count = (memory.failures.get(name)?.count ?? 0) + 1;
  const retryAtMs = now + (startRetriesMs[count - 1] ?? startRetriesMs[2]);
  const failure = { reason, message, specHash: specHashOf(container), retryAtMs, count };
  return {
    ...memory,
    failures: new Map(memory.failures).set(name, failure),
    waiting: new Map(memory.waiting).set(name, { reason, message }),
  };
}

/** The container has started. */
export function withoutFailure(memory: PodMemory, name: string): PodMemory {
  if (!memory.failures.has(name)) return memory;
  const failures = new Map(memory.failures);
  failures.delete(name);
  return { ...memory, failures };
}
