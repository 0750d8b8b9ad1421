import { formatTime } from "../api/meta/index.ts";
import type { CoreEvent } from "./event-objects.ts";
import { LruMap } from "./lru.ts";
import { TokenBucket } from "./token-bucket.ts";

const rememberedMax = 4096;
/** From this many similar events on (equal but for the message) they are combined into one. */
const similarEventsMax = 10;
const similarWithinMs = 600_000;
const spamBurst = 25;
const spamPerSecond = 1 / 300;
const combinedPrefix = "(combined from similar events): ";

interface Similar {
  /** The first; most events have no others like them, and there are many. */
  readonly message: string;
  /** All of them, from the second on. */
  messages: Set<string> | undefined;
  lastMs: number;
}

interface Written {
  readonly name: string;
  readonly firstTimestamp: string;
  readonly count: number;
}

/** What to do with an event: nothing, write it, or raise the count of the one written before. */
export type Correlated =
  | { readonly kind: "drop" }
  | { readonly kind: "create"; readonly event: CoreEvent; readonly key: string }
  | {
      readonly kind: "patch";
      readonly event: CoreEvent;
      readonly key: string;
      readonly patch: { count: number; lastTimestamp: string; message: string };
    };

/** For the events of one component: keeps repeated ones from flooding the server: counts equal ones, combines similar ones, drops spam. */
export class CoreEventCorrelator {
  readonly #similar = new LruMap<string, Similar>(rememberedMax);
  readonly #written = new LruMap<string, Written>(rememberedMax);
  readonly #buckets = new LruMap<string, TokenBucket>(rememberedMax);

  correlate(event: CoreEvent, nowMs: number): Correlated {
    const about = keyOfObject(event);
    const combined = this.#combine(event, about, nowMs);
    const key = combined.key;
    const before = this.#written.get(key);
    const observed =
      before === undefined
        ? combined.event
        : {
            ...combined.event,
            metadata: { ...combined.event.metadata, name: before.name },
            firstTimestamp: before.firstTimestamp,
            count: before.count + 1,
          };
    this.#remember(key, observed);
    if (this.#isSpam(about, nowMs)) return { kind: "drop" };
    if (before === undefined) return { kind: "create", event: observed, key };
    const { count, lastTimestamp, message } = observed;
    return { kind: "patch", event: observed, key, patch: { count, lastTimestamp, message } };
  }

  /** The event was not written: the next equal one is a first one again. */
  forget(key: string): void {
    this.#written.delete(key);
  }

  #remember(key: string, event: CoreEvent): void {
    const { firstTimestamp, count } = event;
    this.#written.set(key, { name: event.metadata.name ?? "", firstTimestamp, count });
  }

  #combine(event: CoreEvent, about: string, nowMs: number): { event: CoreEvent; key: string } {
    const similarKey = `${about}\n${event.type}\n${event.reason}`;
    let similar = this.#similar.get(similarKey);
    if (similar === undefined || nowMs - similar.lastMs > similarWithinMs) {
      similar = { message: event.message, messages: undefined, lastMs: nowMs };
      this.#similar.set(similarKey, similar);
    }
    similar.lastMs = nowMs;
    if (similar.message !== event.message) similar.messages ??= new Set([similar.message]);
    similar.messages?.add(event.message);
    if (similar.messages === undefined || similar.messages.size < similarEventsMax) {
      return { event, key: `${similarKey}\n${event.involvedObject.fieldPath ?? ""}\n${event.message}` };
    }
    const [oldest] = similar.messages;
    if (oldest !== undefined) similar.messages.delete(oldest);
    const now = formatTime(nowMs);
    const message = combinedPrefix + event.message;
    return { event: { ...event, message, firstTimestamp: now, lastTimestamp: now, count: 1 }, key: similarKey };
  }

  #isSpam(about: string, nowMs: number): boolean {
    let bucket = this.#buckets.get(about);
    if (bucket === undefined) {
      bucket = new TokenBucket(spamPerSecond, spamBurst, nowMs);
      this.#buckets.set(about, bucket);
    }
    return !bucket.tryTake(nowMs);
  }
}

/** Tells what events are about; who says them is the same for all of a correlator. Short: there are many. */
function keyOfObject({ involvedObject }: CoreEvent): string {
  const { kind, namespace, name, uid, apiVersion } = involvedObject;
  return uid ? `${kind}\n${uid}` : `${kind}\n${namespace ?? ""}\n${name ?? ""}\n${apiVersion ?? ""}`;
}
