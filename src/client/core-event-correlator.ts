import { formatTime } from "../api/meta/index.ts";
import type { CoreEvent } from "./event-objects.ts";
import { LruMap } from "./lru.ts";
import { TokenBucket } from "./token-bucket.ts";

const rememberedObjectsMax = 4096;
/** Different events remembered of one object and one reason. */
const rememberedOfReasonMax = 32;
/** From this many similar events on (equal but for the message) they are combined into one. */
const similarEventsMax = 10;
const similarWithinMs = 600_000;
const spamBurst = 25;
const spamPerSecond = 1 / 300;
const combinedPrefix = "(combined from similar events): ";

/** What was said of one object. */
interface About {
  readonly bucket: TokenBucket;
  readonly reasons: Reason[];
}

/** Events of one object that are similar: of the same type and reason. */
interface Reason {
  readonly type: string;
  readonly reason: string;
  /** Different ones, the oldest first. */
  messages: string[];
  lastMs: number;
  readonly slots: EventSlot[];
}

interface Written {
  readonly name: string;
  readonly firstTimestamp: string;
  readonly count: number;
}

/** Where it is remembered what was written of equal events. */
export interface EventSlot {
  readonly fieldPath: string;
  /** Undefined for those that are combined. */
  readonly message: string | undefined;
  written: Written | undefined;
}

/** What to do with an event: nothing, write it, or raise the count of the one written before. */
export type Correlated =
  | { readonly kind: "drop" }
  | { readonly kind: "create"; readonly event: CoreEvent; readonly slot: EventSlot }
  | {
      readonly kind: "patch";
      readonly event: CoreEvent;
      readonly slot: EventSlot;
      readonly patch: { count: number; lastTimestamp: string; message: string };
    };

/**
 * For the events of one component: keeps repeated ones from flooding the server: counts equal ones, combines similar ones,
 * drops spam. Most objects have a handful of events, which are looked through: there are many objects.
 */
export class CoreEventCorrelator {
  readonly #objects = new LruMap<string, About>(rememberedObjectsMax);

  correlate(event: CoreEvent, nowMs: number): Correlated {
    const about = this.#about(event, nowMs);
    const combined = combine(event, about, nowMs);
    const { slot } = combined;
    const before = slot.written;
    const observed =
      before === undefined
        ? combined.event
        : {
            ...combined.event,
            metadata: { ...combined.event.metadata, name: before.name },
            firstTimestamp: before.firstTimestamp,
            count: before.count + 1,
          };
    const { firstTimestamp, count, lastTimestamp, message } = observed;
    slot.written = { name: observed.metadata.name ?? "", firstTimestamp, count };
    if (!about.bucket.tryTake(nowMs)) return { kind: "drop" };
    if (before === undefined) return { kind: "create", event: observed, slot };
    return { kind: "patch", event: observed, slot, patch: { count, lastTimestamp, message } };
  }

  /** The event was not written: the next equal one is a first one again. */
  forget(slot: EventSlot): void {
    slot.written = undefined;
  }

  #about(event: CoreEvent, nowMs: number): About {
    const key = keyOfObject(event);
    let about = this.#objects.get(key);
    if (about === undefined) {
      about = { bucket: new TokenBucket(spamPerSecond, spamBurst, nowMs), reasons: [] };
      this.#objects.set(key, about);
    }
    return about;
  }
}

function combine(event: CoreEvent, about: About, nowMs: number): { event: CoreEvent; slot: EventSlot } {
  const similar = reasonOf(event, about, nowMs);
  if (nowMs - similar.lastMs > similarWithinMs) similar.messages = [];
  similar.lastMs = nowMs;
  if (!similar.messages.includes(event.message)) similar.messages.push(event.message);
  const { fieldPath = "" } = event.involvedObject;
  if (similar.messages.length < similarEventsMax) return { event, slot: slotOf(similar, fieldPath, event.message) };
  similar.messages.shift();
  const now = formatTime(nowMs);
  const message = combinedPrefix + event.message;
  const together = { ...event, message, firstTimestamp: now, lastTimestamp: now, count: 1 };
  return { event: together, slot: slotOf(similar, "", undefined) };
}

function reasonOf({ type, reason }: CoreEvent, { reasons }: About, nowMs: number): Reason {
  for (const known of reasons) if (known.reason === reason && known.type === type) return known;
  const fresh: Reason = { type, reason, messages: [], lastMs: nowMs, slots: [] };
  reasons.push(fresh);
  return fresh;
}

function slotOf({ slots }: Reason, fieldPath: string, message: string | undefined): EventSlot {
  for (const known of slots) if (known.message === message && known.fieldPath === fieldPath) return known;
  const fresh: EventSlot = { fieldPath, message, written: undefined };
  slots.push(fresh);
  if (slots.length > rememberedOfReasonMax) slots.shift();
  return fresh;
}

/** Tells what events are about; who says them is the same for all of a correlator. */
function keyOfObject({ involvedObject }: CoreEvent): string {
  const { kind, namespace, name, uid, apiVersion } = involvedObject;
  // A text that is there already is found without being read again.
  return uid || `${kind}\n${namespace ?? ""}\n${name ?? ""}\n${apiVersion ?? ""}`;
}
