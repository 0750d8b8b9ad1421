/** How long a container that keeps ending waits for its next start. */
export interface BackoffEntry {
  readonly delayMs: number;
  readonly updatedAtMs: number;
}

export type Backoffs = ReadonlyMap<string, BackoffEntry>;

export const firstDelayMs = 10_000;
export const longestDelayMs = 300_000;
/** A container that ran this long since its last delay was set begins anew. */
export const forgottenAfterMs = 2 * longestDelayMs;

/** Until when it waits, or undefined when it may start; `since` is when it ended. */
export function waitsUntil(backoffs: Backoffs, key: string, since: number, now: number): number | undefined {
  const entry = backoffs.get(key);
  if (entry === undefined || since - entry.updatedAtMs > forgottenAfterMs) return undefined;
  const until = since + entry.delayMs;
  return until > now ? until : undefined;
}

/** The delays after a start at `now` of what ended at `since`: the next wait is twice as long. */
export function afterStart(backoffs: Backoffs, key: string, since: number, now: number): Backoffs {
  const entry = backoffs.get(key);
  const fresh = entry === undefined || since - entry.updatedAtMs > forgottenAfterMs;
  const delayMs = fresh ? firstDelayMs : Math.min(entry.delayMs * 2, longestDelayMs);
  return new Map(backoffs).set(key, { delayMs, updatedAtMs: now });
}
