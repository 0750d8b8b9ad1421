import type { Container, Pod } from "../../api/types/index.ts";
import type { Backoffs } from "./backoff.ts";
import type { ObservedPod } from "./observed.ts";
import type { ContainerRole } from "./pod-spec.ts";
import type { PendingResize } from "./resize.ts";

/** Everything a decision about a pod is made from. A value: nothing in it changes while it is looked at. */
export interface Situation {
  readonly pod: Pod;
  readonly observed: ObservedPod;
  readonly now: number;
  /** When this node took the pod on. */
  readonly startTimeMs: number;
  /** Whether sandboxes with an address of their own can be made yet. */
  readonly networkReady: boolean;
  readonly memory: PodMemory;
}

/** What the worker knows of its pod that neither the API nor the runtime holds. */
export interface PodMemory {
  readonly backoffs: Backoffs;
  /** Why containers do not run, as found by the last decision or start; users see it from the next look on. */
  readonly waiting: ReadonlyMap<string, Waiting>;
  /** Starts that failed, by container name. */
  readonly failures: ReadonlyMap<string, StartFailure>;
  /** What probes found, by container ID. */
  readonly health: ReadonlyMap<string, ContainerHealth>;
  /** Containers that are being ended, with the time at which they are made to. */
  readonly killing: ReadonlyMap<string, number>;
  /** CPU and memory that containers were resized to since they were made, by container ID. */
  readonly resized: ReadonlyMap<string, string>;
  /** A resize that the node cannot make yet. */
  readonly pendingResize?: PendingResize;
  /** Why a resize that was begun did not work; it is tried again. */
  readonly resizeError?: string;
  /** Set once the pod as a whole is to end; it never goes back. */
  readonly ending?: Ending;
}

export interface Waiting {
  readonly reason: string;
  readonly message?: string;
  /** The container whose end it is about. */
  readonly afterId?: string;
}

export interface StartFailure {
  readonly reason: string;
  readonly message: string;
  readonly specHash: string;
  readonly retryAtMs: number;
  readonly count: number;
}

export interface ContainerHealth {
  readonly started: boolean;
  readonly ready: boolean;
  /** A probe that failed for good, and how long the container may take to end for it. */
  readonly failed?: { readonly probe: "liveness" | "startup"; readonly graceSeconds?: number };
}

export type EndingCause = "deleted" | "phase" | "deadline" | "completed" | "evicted" | "shutdown";

export interface Ending {
  readonly cause: EndingCause;
  readonly sinceMs: number;
  /** Of the pod's status from then on. */
  readonly reason?: string;
  readonly message?: string;
  /** Instead of the pod's own grace period. */
  readonly graceSeconds?: number;
}

/** Whether the node ends the pod for its own sake: the pod has failed, though not by itself. */
export function isForNode(ending: Ending | undefined): boolean {
  return ending?.cause === "evicted" || ending?.cause === "shutdown";
}

export type Action =
  | { readonly kind: "createSandbox"; readonly attempt: number }
  | { readonly kind: "stopSandbox"; readonly id: string }
  | { readonly kind: "removeSandbox"; readonly id: string }
  | { readonly kind: "removeContainer"; readonly id: string }
  | {
      readonly kind: "start";
      readonly container: Container;
      readonly role: ContainerRole;
      readonly attempt: number;
      readonly sandboxId: string;
    }
  | {
      readonly kind: "resize";
      readonly container: Container;
      readonly containerId: string;
      /** What it runs with, as `resourcesText()` tells it. */
      readonly applied?: string;
    }
  | {
      readonly kind: "kill";
      readonly containerId: string;
      readonly name: string;
      /** Of the event that tells of it; none when empty. */
      readonly message: string;
      readonly graceSeconds: number;
    };

export interface PlannedEvent {
  readonly type: "Normal" | "Warning";
  readonly reason: string;
  readonly message: string;
  /** The container it is about; the whole pod when left out. */
  readonly container?: string;
}

export interface Plan {
  readonly actions: readonly Action[];
  readonly events: readonly PlannedEvent[];
  readonly backoffs: Backoffs;
  readonly waiting: ReadonlyMap<string, Waiting>;
  readonly ending?: Ending;
  /** When to look again though nothing happened. */
  readonly wakeAtMs?: number;
  /** The pod is to end, and nothing of it runs any more. */
  readonly ended: boolean;
}

export const emptyMemory: PodMemory = {
  backoffs: new Map(),
  waiting: new Map(),
  failures: new Map(),
  health: new Map(),
  killing: new Map(),
  resized: new Map(),
};
