import type { Clock, Timer } from "../host/index.ts";

/** The pod was deleted while it waited: nobody is to be told. */
export class PodGoneError extends Error {
  override readonly name = "PodGoneError";
}

/** As long the original waits for volumes of a pod that has a node. */
const volumeTimeoutMs = 600_000;

interface Wait {
  readonly isReady: () => boolean;
  readonly resolve: () => void;
  readonly reject: (why: Error) => void;
  readonly timer: Timer;
}

/** Pods that have a node and wait until their volumes are bound. */
export class VolumeWaits {
  readonly #clock: Clock;
  readonly #waits = new Map<string, Wait>();
  #look: Timer | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Resolves when it is ready; throws what `isReady` throws, PodGoneError, or that it took too long. */
  async until(podKey: string, isReady: () => boolean): Promise<void> {
    if (isReady()) return;
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const timer = this.#clock.setTimer(volumeTimeoutMs, () => reject(new Error("context deadline exceeded")));
    this.#waits.set(podKey, { isReady, resolve, reject, timer });
    try {
      await promise;
    } finally {
      timer.cancel();
      this.#waits.delete(podKey);
    }
  }

  /** Something of storage changed: all who wait look again, once for all changes that come together. */
  changed(): void {
    if (this.#waits.size === 0) return;
    this.#look ??= this.#clock.setTimer(0, () => {
      this.#look = undefined;
      for (const wait of this.#waits.values()) lookAgain(wait);
    });
  }

  gone(podKey: string): void {
    this.#waits.get(podKey)?.reject(new PodGoneError("the pod does not exist any more"));
  }

  stop(): void {
    this.#look?.cancel();
    for (const { reject } of this.#waits.values()) reject(new Error("the scheduler stops"));
  }
}

function lookAgain({ isReady, resolve, reject }: Wait): void {
  try {
    if (isReady()) resolve();
  } catch (error) {
    reject(error instanceof Error ? error : new Error(String(error)));
  }
}
