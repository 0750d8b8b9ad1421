/** What the runtime is seen to hold of one pod. */
export interface ObservedPod {
  /** The newest sandbox. */
  readonly sandbox?: ObservedSandbox;
  /** Older sandboxes that are not yet gone. */
  readonly olderSandboxIds: readonly string[];
  /** Newest first; older ones of a name tell how it ended before. */
  readonly containers: readonly ObservedContainer[];
}

export interface ObservedSandbox {
  readonly id: string;
  readonly attempt: number;
  readonly ready: boolean;
  readonly ips: readonly string[];
  readonly createdAtMs: number;
}

export interface ObservedContainer {
  readonly id: string;
  readonly name: string;
  readonly sandboxId: string;
  /** How often a container of this name was made before. */
  readonly attempt: number;
  readonly state: "created" | "running" | "exited" | "unknown";
  /** Of what the pod asked for when the container was made. */
  readonly specHash: string;
  /** CPU and memory that it was made with, as `resourcesText` writes them. */
  readonly resources?: string;
  readonly image: string;
  readonly imageRef: string;
  readonly createdAtMs: number;
  readonly startedAtMs?: number;
  readonly finishedAtMs?: number;
  readonly exitCode?: number;
  readonly reason?: string;
  readonly message?: string;
}

export function latest(observed: ObservedPod, name: string): ObservedContainer | undefined {
  return observed.containers.find((container) => container.name === name);
}

/** The one before the latest. */
export function previous(observed: ObservedPod, name: string): ObservedContainer | undefined {
  const newest = latest(observed, name);
  return observed.containers.find((container) => container.name === name && container !== newest);
}

export function runningContainers(observed: ObservedPod): readonly ObservedContainer[] {
  return observed.containers.filter((container) => container.state === "running" || container.state === "unknown");
}
