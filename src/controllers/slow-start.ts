/**
 * Calls `work` for 0..count-1 in batches of 1, 2, 4, ... and stops after the first batch with a failure, so that what
 * cannot succeed is not tried a thousand times. Gives how many succeeded and the first error.
 */
export async function slowStart(
  count: number,
  work: (index: number) => Promise<void>,
): Promise<{ succeeded: number; error?: unknown }> {
  let succeeded = 0;
  let begun = 0;
  for (let batch = 1; begun < count; batch *= 2) {
    const size = Math.min(batch, count - begun);
    const first = begun;
    begun += size;
    const results = await Promise.allSettled(Array.from({ length: size }, (_, offset) => work(first + offset)));
    const failed = results.find((result) => result.status === "rejected");
    succeeded += results.filter((result) => result.status === "fulfilled").length;
    if (failed !== undefined) return { succeeded, error: failed.reason };
  }
  return { succeeded };
}
