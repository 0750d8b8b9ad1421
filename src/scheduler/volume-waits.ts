import type { Clock, Timer } from "../host/index.ts";

interface Wait {
  readonly isReady: () => boolean;
  readonly resolve: () => void;
  readonly reject: (why: Error) => void;
}

/** Pods that have a node and wait until their volumes are bound. */
export class VolumeWaits {
  readonly #clock: Clock;
  readonly #waits = new Set<Wait>();
  #look: Timer | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Resolves when it is ready; throws what `isReady` throws, or that it took too long. */
  async until(isReady: () => boolean, timeoutMs: number): Promise<void> {
    if (isReady()) return;
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const timer = this.#clock.setTimer(timeoutMs, () => reject(new Error("context deadline exceeded")));
    const wait = { isReady, resolve, reject };
    this.#waits.add(wait);
    try {
      await promise;
    } finally {
      timer.cancel();
      this.#waits.delete(wait);
    }
  }

  /** Something of storage changed, or a pod is gone: all who wait look again, once for all changes that come together. */
  changed(): void {
    if (this.#waits.size === 0) return;
    this.#look ??= this.#clock.setTimer(0, () => {
      this.#look = undefined;
      for (const wait of this.#waits) lookAgain(wait);
    });
  }

  stop(): void {
    this.#look?.cancel();
    for (const { reject } of this.#waits) reject(new Error("the scheduler stops"));
  }
}

function lookAgain({ isReady, resolve, reject }: Wait): void {
  try {
    if (isReady()) resolve();
  } catch (error) {
    reject(error instanceof Error ? error : new Error(String(error)));
  }
}
