import { formatDuration } from "../../api/meta/index.ts";
import { type Clock, type Host, type Timer, withTimeout } from "../../host/index.ts";
import { type ContainerRuntime, RuntimeError, type RuntimeStatus } from "../runtime/runtime.ts";

/** How often the runtime is asked how it is. */
const lookMs = 5000;
/** It is down when it was silent for so long: one that is restarted makes no node unready. */
const silentMaxMs = 30_000;
/** Whoever wants to know how it is waits so long for an answer; then what is known counts. */
const answerMaxMs = 2000;

export interface RuntimeStateOptions {
  readonly host: Host;
  readonly runtime: Pick<ContainerRuntime, "status">;
  /** When containers were last listed, and how long a node does without that. */
  listing(): { readonly lastMs: number; readonly maxMs: number } | undefined;
}

/** What a node knows of its container runtime, so that one answer that fails says nothing yet. As the original's runtime state. */
export class RuntimeState {
  readonly #options: RuntimeStateOptions;
  readonly #clock: Clock;
  #status: RuntimeStatus | undefined;
  /** When it last said that it was ready. */
  #readyMs: number | undefined;
  #answers = false;
  #looking: Promise<void> | undefined;
  #timer: Timer | undefined;
  #stopped = false;

  constructor(options: RuntimeStateOptions) {
    this.#options = options;
    this.#clock = options.host.clock;
  }

  /** What it last told. */
  get status(): RuntimeStatus | undefined {
    return this.#status;
  }

  /** Whether it answered when it was last asked. */
  get answers(): boolean {
    return this.#answers;
  }

  start(): void {
    this.#timer = this.#clock.setTimer(lookMs, () => void this.#look().finally(() => this.#stopped || this.start()));
  }

  stop(): void {
    this.#stopped = true;
    this.#timer?.cancel();
  }

  /** Asks it now; what is known is as new as can be then. */
  async refresh(): Promise<void> {
    // One that hangs is known by its silence.
    await withTimeout(this.#clock, answerMaxMs, () => this.#look()).catch(() => undefined);
  }

  /** Why the node can run no pods, each reason in the original's words. */
  problems(): string[] {
    const now = this.#clock.now();
    const found: string[] = [];
    if (this.#readyMs === undefined) found.push("container runtime status check may not have completed yet");
    else if (now - this.#readyMs >= silentMaxMs) found.push("container runtime is down");
    const listing = this.#options.listing();
    if (listing !== undefined && now - listing.lastMs > listing.maxMs) {
      const [silent, threshold] = [now - listing.lastMs, listing.maxMs].map(formatDuration);
      found.push(`PLEG is not healthy: pleg was last seen active ${silent} ago; threshold is ${threshold}`);
    }
    const runtime = this.#unmet("RuntimeReady");
    if (runtime !== undefined) found.push(`container runtime not ready: ${runtime}`);
    const network = this.#unmet("NetworkReady");
    if (network !== undefined) found.push(`container runtime network not ready: ${network}`);
    return found;
  }

  #look(): Promise<void> {
    this.#looking ??= this.#ask().finally(() => {
      this.#looking = undefined;
    });
    return this.#looking;
  }

  async #ask(): Promise<void> {
    try {
      this.#status = await this.#options.runtime.status();
      this.#answers = true;
      if (this.#unmet("RuntimeReady") === undefined) this.#readyMs = this.#clock.now();
    } catch (error) {
      if (!(error instanceof RuntimeError)) throw error;
      this.#answers = false;
      this.#options.host.log.debug("the container runtime did not say how it is", { error: error.message });
    }
  }

  /** What a condition of the runtime says that does not hold; nothing before it said anything. */
  #unmet(type: string): string | undefined {
    if (this.#status === undefined) return undefined;
    const condition = this.#status.conditions.find((one) => one.type === type);
    if (condition?.status === true) return undefined;
    return `${type}=false reason:${condition?.reason ?? ""} message:${condition?.message ?? ""}`;
  }
}
