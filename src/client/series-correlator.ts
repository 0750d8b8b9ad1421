import { formatMicroTime } from "../api/meta/index.ts";
import type { SeriesEvent } from "./event-objects.ts";
import { LruMap } from "./lru.ts";

const rememberedMax = 4096;
/** A series ends when nothing like it came for this long. */
const seriesEndsAfterMs = 6 * 60_000;

interface Known {
  event: SeriesEvent;
  lastMs: number;
  /** Counted since the series was last written. */
  unwritten: boolean;
}

export type SeriesCorrelated =
  | { readonly kind: "create" | "patch"; readonly event: SeriesEvent }
  | { readonly kind: "counted" };

/** events.k8s.io/v1: the second equal event makes a series of the first; further ones are counted and written now and then. */
export class SeriesCorrelator {
  static readonly sweepEveryMs = seriesEndsAfterMs;
  readonly #known = new LruMap<string, Known>(rememberedMax);

  get isEmpty(): boolean {
    return this.#known.size === 0;
  }

  correlate(event: SeriesEvent, nowMs: number): SeriesCorrelated {
    const key = keyOf(event);
    const known = this.#known.get(key);
    if (known === undefined) {
      this.#known.set(key, { event, lastMs: nowMs, unwritten: false });
      return { kind: "create", event };
    }
    const count = (known.event.series?.count ?? 1) + 1;
    known.unwritten = known.event.series !== undefined;
    known.event = { ...known.event, series: { count, lastObservedTime: formatMicroTime(nowMs) } };
    known.lastMs = nowMs;
    return known.unwritten ? { kind: "counted" } : { kind: "patch", event: known.event };
  }

  /** Gives the series whose count is to be written. */
  sweep(nowMs: number): SeriesEvent[] {
    const toWrite: SeriesEvent[] = [];
    for (const [key, known] of [...this.#known.entries()]) {
      if (known.unwritten) toWrite.push(known.event);
      known.unwritten = false;
      if (nowMs - known.lastMs >= seriesEndsAfterMs) this.#known.delete(key);
    }
    return toWrite;
  }
}

function keyOf(event: SeriesEvent): string {
  const { type, action, reason, reportingController, regarding, related } = event;
  return JSON.stringify([type, action, reason, reportingController, regarding, related]);
}
