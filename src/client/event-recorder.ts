import { formatMicroTime, formatTime, isApiError, type KubeObject } from "../api/meta/index.ts";
import { type Host, sleep, type Timer } from "../host/index.ts";
import type { Client } from "./client.ts";
import { CoreEventCorrelator } from "./core-event-correlator.ts";
import {
  type CoreEvent,
  coreEvents,
  type EventType,
  eventNamespace,
  type ObjectReference,
  referenceTo,
  type SeriesEvent,
  seriesEvents,
} from "./event-objects.ts";
import { SeriesCorrelator } from "./series-correlator.ts";

export interface EventOptions {
  /** A part of the object, as `spec.containers{web}`. */
  readonly fieldPath?: string;
  /** What was done or tried; events.k8s.io/v1 demands it. */
  readonly action?: string;
  readonly related?: ObjectReference;
  readonly annotations?: Record<string, string>;
}

/** Tells users what happens to objects. Returns at once: events are written later, in order, and may be dropped. */
export interface EventRecorder {
  event(
    about: KubeObject | ObjectReference,
    type: EventType,
    reason: string,
    message: string,
    more?: EventOptions,
  ): void;
  /** Resolves when what was recorded so far is written. */
  flush(): Promise<void>;
  /** Writes what waits, then records no more. */
  stop(): Promise<void>;
}

export interface EventRecorderOptions {
  readonly client: Pick<Client, "resource">;
  readonly host: Host;
  /** `source.component` and `reportingComponent`: `deployment-controller`. */
  readonly component: string;
  /** `source.host` of core events (the node, for a kubelet), `reportingInstance` of events.k8s.io/v1 ones. */
  readonly instance?: string;
  /** core/v1 events with counts (default), or events.k8s.io/v1 with series as the scheduler writes. */
  readonly form?: "core" | "series";
}

const queuedEventsMax = 5000;
/** As many wait for a quiet moment; with more the process is not quiet soon enough. */
const patientEventsMax = 2500;
const triesMax = 12;
const retryDelayMs = 10_000;
const nanosPerMs = 1_000_000;

export function createEventRecorder(options: EventRecorderOptions): EventRecorder {
  return new QueueingRecorder(options);
}

class QueueingRecorder implements EventRecorder {
  readonly #options: EventRecorderOptions;
  readonly #core = new CoreEventCorrelator();
  readonly #series: SeriesCorrelator;
  readonly #queue: (() => Promise<void>)[] = [];
  readonly #stopping = new AbortController();
  #writing: Promise<void> | undefined;
  #seriesTimer: Timer | undefined;
  #serial: number;
  #stopped = false;

  constructor(options: EventRecorderOptions) {
    this.#options = options;
    this.#serial = Math.floor(options.host.random.next() * nanosPerMs);
    this.#series = new SeriesCorrelator();
  }

  event(about: KubeObject | ObjectReference, type: EventType, reason: string, message: string, more = {}): void {
    if (this.#stopped) return;
    const regarding = asReference(about, more);
    if (this.#options.form === "series") this.#recordSeries(this.#seriesEvent(regarding, type, reason, message, more));
    else this.#recordCore(this.#coreEvent(regarding, type, reason, message, more));
  }

  async flush(): Promise<void> {
    while (this.#writing !== undefined) await this.#writing;
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#seriesTimer?.cancel();
    this.#stopping.abort();
    await this.flush();
  }

  #recordCore(event: CoreEvent): void {
    const { client, host } = this.#options;
    const correlated = this.#core.correlate(event, host.clock.now());
    if (correlated.kind === "drop") return;
    const { name, namespace } = correlated.event.metadata;
    const writer = client.resource(coreEvents);
    this.#enqueue(async () => {
      if (correlated.kind === "patch") {
        const patched = await this.#try(() =>
          writer.patch({ namespace, name: name ?? "" }, "strategic", correlated.patch),
        );
        if (patched !== "NotFound") return;
        // The event expired meanwhile: it starts anew under a name of its own.
      }
      const fresh = { ...correlated.event, metadata: { ...correlated.event.metadata, name: event.metadata.name } };
      const created = await this.#try(() => writer.create(correlated.kind === "patch" ? fresh : correlated.event));
      if (created !== "written") this.#core.forget(correlated.slot);
    });
  }

  #recordSeries(event: SeriesEvent): void {
    const { host } = this.#options;
    const now = host.clock.now();
    const correlated = this.#series.correlate(event, now);
    if (correlated.kind !== "counted") this.#writeSeries(correlated.kind, correlated.event);
    this.#seriesTimer ??= host.clock.setTimer(SeriesCorrelator.sweepEveryMs, () => this.#sweepSeries());
  }

  /** Writes the counts of series that were only counted since, and forgets those that ended. */
  #sweepSeries(): void {
    this.#seriesTimer = undefined;
    const { host } = this.#options;
    for (const event of this.#series.sweep(host.clock.now())) this.#writeSeries("patch", event);
    if (!this.#series.isEmpty && !this.#stopped) {
      this.#seriesTimer = host.clock.setTimer(SeriesCorrelator.sweepEveryMs, () => this.#sweepSeries());
    }
  }

  #writeSeries(kind: "create" | "patch", event: SeriesEvent): void {
    const writer = this.#options.client.resource(seriesEvents);
    const { namespace, name = "" } = event.metadata;
    const { series } = event;
    this.#enqueue(async () => {
      if (kind === "patch") {
        const patched = await this.#try(() => writer.patch({ namespace, name }, "strategic", { series }));
        if (patched !== "NotFound") return;
      }
      await this.#try(() => writer.create(event));
    });
  }

  #enqueue(write: () => Promise<void>): void {
    if (this.#queue.length >= queuedEventsMax) {
      this.#options.host.log.debug("too many events wait, one is dropped");
      return;
    }
    this.#queue.push(write);
    this.#writing ??= this.#drain();
  }

  async #drain(): Promise<void> {
    const { background } = this.#options.host;
    let write = this.#queue.shift();
    while (write !== undefined) {
      // A full queue drops events: then they are as urgent as what they wait for.
      const turn = this.#queue.length < patientEventsMax && background.turn("event", this.#stopping.signal);
      if (turn) await turn;
      await write();
      write = this.#queue.shift();
    }
    this.#writing = undefined;
  }

  async #try(write: () => Promise<unknown>): Promise<"written" | "NotFound" | "refused"> {
    const { clock, log, random } = this.#options.host;
    for (let tries = 1; ; tries++) {
      try {
        await write();
        return "written";
      } catch (error) {
        if (isApiError(error) && error.reason === "NotFound") return "NotFound";
        const mayPass = !isApiError(error) || error.code >= 500 || error.code === 429;
        if (!mayPass || tries >= triesMax || this.#stopping.signal.aborted) {
          log.debug("an event was not written", { error: error instanceof Error ? error.message : String(error) });
          return "refused";
        }
      }
      const delay = tries === 1 ? retryDelayMs * random.next() : retryDelayMs;
      await sleep(clock, delay, this.#stopping.signal).catch(() => undefined);
    }
  }

  #coreEvent(
    involvedObject: ObjectReference,
    type: EventType,
    reason: string,
    message: string,
    more: EventOptions,
  ): CoreEvent {
    const { component, instance, host } = this.#options;
    const now = formatTime(host.clock.now());
    return {
      apiVersion: "v1",
      kind: "Event",
      metadata: this.#metadata(involvedObject, more),
      involvedObject,
      reason,
      message,
      source: instance === undefined ? { component } : { component, host: instance },
      firstTimestamp: now,
      lastTimestamp: now,
      count: 1,
      type,
      eventTime: null,
      ...(more.action === undefined ? {} : { action: more.action }),
      ...(more.related === undefined ? {} : { related: more.related }),
      reportingComponent: component,
      reportingInstance: instance ?? "",
    };
  }

  #seriesEvent(
    regarding: ObjectReference,
    type: EventType,
    reason: string,
    note: string,
    more: EventOptions,
  ): SeriesEvent {
    const { component, instance, host } = this.#options;
    return {
      apiVersion: "events.k8s.io/v1",
      kind: "Event",
      metadata: this.#metadata(regarding, more),
      eventTime: formatMicroTime(host.clock.now()),
      reportingController: component,
      reportingInstance: instance ?? component,
      action: more.action ?? reason,
      reason,
      regarding,
      ...(more.related === undefined ? {} : { related: more.related }),
      note,
      type,
    };
  }

  /** Named as the original does: the object's name and a time in nanoseconds, which here also tells events of one millisecond apart. */
  #metadata(about: ObjectReference, more: EventOptions): KubeObject["metadata"] {
    this.#serial = (this.#serial + 1) % nanosPerMs;
    const nanos = BigInt(Math.floor(this.#options.host.clock.now())) * BigInt(nanosPerMs) + BigInt(this.#serial);
    const metadata = { name: `${about.name}.${nanos.toString(16)}`, namespace: eventNamespace(about) };
    return more.annotations === undefined ? metadata : { ...metadata, annotations: more.annotations };
  }
}

function asReference(about: KubeObject | ObjectReference, more: EventOptions): ObjectReference {
  if ("metadata" in about) return referenceTo(about, more.fieldPath);
  return more.fieldPath === undefined ? about : { ...about, fieldPath: more.fieldPath };
}
