import type { KubeObject } from "../api/meta/index.ts";
import { type Host, sleep } from "../host/index.ts";
import { CompactedError, type Store, type Subscription } from "../store/index.ts";

/** Between tries to read anew what the store has ended the watch of. */
const retryMs = 1_000;

/** All objects under a prefix of the store, as they are now, and a call for each that changes. */
export class Followed {
  readonly #store: Store;
  readonly #prefix: string;
  readonly #host: Pick<Host, "log" | "clock">;
  readonly #changed: (key: string, object: KubeObject | undefined) => void;
  readonly #objects = new Map<string, KubeObject>();
  #subscription: Subscription | undefined;
  #closed = false;

  /** `changed` gets the object, or undefined when it has gone; never throws. */
  constructor(
    store: Store,
    prefix: string,
    host: Pick<Host, "log" | "clock">,
    changed: (key: string, object: KubeObject | undefined) => void,
  ) {
    this.#store = store;
    this.#prefix = prefix;
    this.#host = host;
    this.#changed = changed;
  }

  async start(): Promise<void> {
    const snapshot = await this.#store.list(this.#prefix);
    if (this.#closed) return;
    const gone = new Set(this.#objects.keys());
    for (const { key, object } of snapshot.entries()) {
      gone.delete(key);
      this.#put(key, object);
    }
    for (const key of gone) this.#remove(key);
    this.#subscription = this.#store.watch(this.#prefix, snapshot.revision, {
      events: (batch) => {
        for (const { type, key, entry } of batch) {
          if (type === "delete") this.#remove(key);
          else this.#put(key, entry.object);
        }
      },
      closed: (why) => {
        if (why instanceof CompactedError) void this.#startAgain();
      },
    });
  }

  async #startAgain(): Promise<void> {
    while (!this.#closed) {
      try {
        await this.start();
        return;
      } catch (error) {
        this.#host.log.error("objects cannot be read", { prefix: this.#prefix, error: String(error) });
        await sleep(this.#host.clock, retryMs);
      }
    }
  }

  close(): void {
    this.#closed = true;
    this.#subscription?.cancel();
  }

  get(name: string): KubeObject | undefined {
    return this.#objects.get(this.#prefix + name);
  }

  values(): IterableIterator<KubeObject> {
    return this.#objects.values();
  }

  #put(key: string, object: KubeObject): void {
    if (this.#objects.get(key) === object) return;
    this.#objects.set(key, object);
    this.#changed(key, object);
  }

  #remove(key: string): void {
    if (this.#objects.delete(key)) this.#changed(key, undefined);
  }
}
