import type { Clock, Timer } from "../host/index.ts";
import type { WaitingPod, WaitingPods } from "./framework.ts";
import type { PodInfo } from "./pod-info.ts";

/** No Permit plugin holds a pod longer. */
const permitTimeoutMaxMs = 15 * 60_000;

/** How a wait ended: nothing when all approved. */
export interface Denial {
  readonly plugin: string;
  readonly message: string;
}

/** Pods that have a node and wait for Permit plugins. */
export class PermitWaits implements WaitingPods {
  readonly #clock: Clock;
  readonly #waits = new Map<string, PermitWait>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get(key: string): WaitingPod | undefined {
    return this.#waits.get(key);
  }

  list(): readonly WaitingPod[] {
    return [...this.#waits.values()];
  }

  /** Makes the pod a waiting one at once; resolves when every plugin approved, or one denied or took too long. */
  wait(info: PodInfo, nodeName: string, timeouts: ReadonlyMap<string, number>): Promise<Denial | undefined> {
    const wait = new PermitWait(info, nodeName, timeouts, this.#clock);
    this.#waits.set(info.key, wait);
    return wait.ended.finally(() => this.#waits.delete(info.key));
  }

  stop(): void {
    for (const wait of this.#waits.values()) wait.deny("", "the scheduler stops");
  }
}

class PermitWait implements WaitingPod {
  readonly info: PodInfo;
  readonly nodeName: string;
  readonly ended: Promise<Denial | undefined>;
  readonly #end: (denial: Denial | undefined) => void;
  readonly #timers = new Map<string, Timer>();

  constructor(info: PodInfo, nodeName: string, timeouts: ReadonlyMap<string, number>, clock: Clock) {
    this.info = info;
    this.nodeName = nodeName;
    const { promise, resolve } = Promise.withResolvers<Denial | undefined>();
    this.ended = promise;
    this.#end = resolve;
    for (const [plugin, timeoutMs] of timeouts) {
      const ms = Math.min(timeoutMs, permitTimeoutMaxMs);
      const message = `rejected due to timeout after waiting ${ms / 1000}s at plugin ${plugin}`;
      this.#timers.set(
        plugin,
        clock.setTimer(ms, () => this.deny(plugin, message)),
      );
    }
  }

  get pending(): readonly string[] {
    return [...this.#timers.keys()];
  }

  approve(plugin: string): void {
    this.#timers.get(plugin)?.cancel();
    this.#timers.delete(plugin);
    if (this.#timers.size === 0) this.#end(undefined);
  }

  deny(plugin: string, message: string): void {
    for (const timer of this.#timers.values()) timer.cancel();
    this.#end({ plugin, message });
  }
}
