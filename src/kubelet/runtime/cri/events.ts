import type { Host, Timer } from "../../../host/index.ts";
import { podUidLabel } from "../labels.ts";
import { type Container, type ContainerEvent, type PodSandbox, RuntimeError } from "../runtime.ts";
import type { Message } from "./connection.ts";
import { eventOf } from "./from-cri.ts";

/** How often containers are listed where the runtime tells of no events (containerd before 1.7). */
const relistMs = 1000;
/** With events a list is only the safety net. */
const relistWithEventsMs = 300_000;
const reconnectMs = 1000;
/** A node whose containers were not listed for so long cannot say how its pods are: without events, and with them. */
const listingMaxMs = { relisting: 180_000, withEvents: 600_000 };

export interface EventSource {
  stream(sink: { message(message: Message): void; end(error: RuntimeError): void }): { stop(): void };
  sandboxes(): Promise<readonly PodSandbox[]>;
  containers(): Promise<readonly Container[]>;
}

interface Seen {
  readonly state: string;
  readonly podUid: string;
  readonly podSandboxId: string;
}

/**
 * What happens to containers, told to those who subscribe: the runtime's own events where it has them, else the
 * differences between two lists, as the original's pod lifecycle event generator. Sandboxes are listed with the
 * containers; one that is no longer ready is told as a container that stopped.
 */
export class EventFeed {
  readonly #host: Host;
  readonly #source: EventSource;
  readonly #sinks = new Set<(event: ContainerEvent) => void>();
  #seen: ReadonlyMap<string, Seen> | undefined;
  #streaming: { stop(): void } | undefined;
  #timer: Timer | undefined;
  #hasEvents = true;
  #listing = false;
  #lastListMs: number | undefined;

  constructor(host: Host, source: EventSource) {
    this.#host = host;
    this.#source = source;
  }

  /** When containers were last listed, or listing began; undefined while nobody subscribes. */
  get listing(): { readonly lastMs: number; readonly maxMs: number } | undefined {
    if (this.#lastListMs === undefined) return undefined;
    return { lastMs: this.#lastListMs, maxMs: this.#hasEvents ? listingMaxMs.withEvents : listingMaxMs.relisting };
  }

  subscribe(sink: (event: ContainerEvent) => void): { stop(): void } {
    this.#sinks.add(sink);
    if (this.#sinks.size === 1) this.#start();
    return {
      stop: () => {
        this.#sinks.delete(sink);
        if (this.#sinks.size === 0) this.#stop();
      },
    };
  }

  #start(): void {
    this.#lastListMs = this.#host.clock.now();
    this.#connect();
    void this.#relist();
  }

  #stop(): void {
    this.#streaming?.stop();
    this.#streaming = undefined;
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#seen = undefined;
    this.#lastListMs = undefined;
  }

  #connect(): void {
    this.#streaming = this.#source.stream({
      message: (message) => {
        const event = eventOf(message);
        if (event !== undefined) this.#tell(event);
      },
      end: ({ code }) => {
        this.#streaming = undefined;
        if (this.#sinks.size === 0) return;
        if (code === "Unimplemented") {
          this.#hasEvents = false;
          void this.#relist();
          return;
        }
        // What was missed meanwhile is found by a list.
        this.#host.clock.setTimer(reconnectMs, () => {
          if (this.#sinks.size === 0 || this.#streaming !== undefined) return;
          this.#connect();
          void this.#relist();
        });
      },
    });
  }

  async #relist(): Promise<void> {
    if (this.#listing) return;
    this.#listing = true;
    this.#timer?.cancel();
    try {
      const [sandboxes, containers] = await Promise.all([this.#source.sandboxes(), this.#source.containers()]);
      this.#compare(listed(sandboxes, containers));
      this.#lastListMs = this.#host.clock.now();
    } catch (error) {
      if (!(error instanceof RuntimeError)) throw error;
      this.#host.log.debug("the runtime's containers could not be listed", { error: error.message });
    } finally {
      this.#listing = false;
      if (this.#sinks.size > 0) {
        const ms = this.#hasEvents ? relistWithEventsMs : relistMs;
        this.#timer = this.#host.clock.setTimer(ms, () => void this.#relist());
      }
    }
  }

  #compare(now: ReadonlyMap<string, Seen>): void {
    const before = this.#seen;
    this.#seen = now;
    if (before === undefined) return;
    for (const [id, seen] of now) {
      const old = before.get(id);
      if (old?.state !== seen.state) this.#tell(this.#event(id, seen, typeOf(seen.state)));
    }
    for (const [id, seen] of before) if (!now.has(id)) this.#tell(this.#event(id, seen, "deleted"));
  }

  #event(containerId: string, { podUid, podSandboxId }: Seen, type: ContainerEvent["type"]): ContainerEvent {
    return { type, containerId, podSandboxId, podUid, createdAtMs: this.#host.clock.now() };
  }

  #tell(event: ContainerEvent): void {
    for (const sink of this.#sinks) sink(event);
  }
}

function listed(sandboxes: readonly PodSandbox[], containers: readonly Container[]): Map<string, Seen> {
  const seen = new Map<string, Seen>();
  for (const { id, state, labels } of sandboxes) {
    seen.set(id, { state, podUid: labels[podUidLabel] ?? "", podSandboxId: id });
  }
  for (const { id, state, labels, podSandboxId } of containers) {
    seen.set(id, { state, podUid: labels[podUidLabel] ?? "", podSandboxId });
  }
  return seen;
}

function typeOf(state: string): ContainerEvent["type"] {
  switch (state) {
    case "created":
      return "created";
    case "running":
    case "ready":
      return "started";
    default:
      return "stopped";
  }
}
