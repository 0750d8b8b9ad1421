import type { PodInfo } from "./pod-info.ts";

/** A pod that waits for a node. */
export interface QueuedPod {
  readonly key: string;
  readonly info: PodInfo;
  /** When it first came to the queue, ms since the epoch. */
  readonly queuedAt: number;
  /** Rises with every pod that comes: who came first, also among those of one millisecond. */
  readonly turn: number;
  readonly attempts: number;
  /** Plugins that refused it last time; nobody when it has not been tried, or failed for a reason outside the plugins. */
  readonly refusedBy: ReadonlySet<string>;
}
