import { type Clock, sleep } from "../host/index.ts";

/** Requests under way at once: in process they would all be served before anybody else has a turn. */
const atOnceMax = 64;

/** Works on all items, some at a time, with turns for others of the process in between; gives how each ended. */
export async function settleInTurns<T, R>(
  clock: Clock,
  items: readonly T[],
  work: (item: T) => Promise<R>,
): Promise<PromiseSettledResult<R>[]> {
  const results: PromiseSettledResult<R>[] = [];
  for (let from = 0; from < items.length; from += atOnceMax) {
    if (from > 0) await sleep(clock, 0);
    results.push(...(await Promise.allSettled(items.slice(from, from + atOnceMax).map(work))));
  }
  return results;
}

/**
 * Calls `work` for 0..count-1 in batches of 1, 2, 4, ... and stops after the first batch with a failure, so that what
 * cannot succeed is not tried a thousand times. Gives how many succeeded and the first error.
 */
export async function slowStart(
  clock: Clock,
  count: number,
  work: (index: number) => Promise<void>,
): Promise<{ succeeded: number; error?: unknown }> {
  let succeeded = 0;
  let begun = 0;
  for (let batch = 1; begun < count; batch *= 2) {
    const first = begun;
    const indexes = Array.from({ length: Math.min(batch, count - begun) }, (_, offset) => first + offset);
    begun += indexes.length;
    const results = await settleInTurns(clock, indexes, work);
    const failed = results.find((result) => result.status === "rejected");
    succeeded += results.filter((result) => result.status === "fulfilled").length;
    if (failed !== undefined) return { succeeded, error: failed.reason };
  }
  return { succeeded };
}
