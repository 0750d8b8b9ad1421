import { errors, parseDuration } from "../../api/meta/index.ts";
import type { Clock } from "../../host/index.ts";
import type { Query } from "./query.ts";

/** The longest that a request may take, watches and streams excepted. */
const deadlineMaxMs = 60_000;

/** How long the request may take: what its `timeout` asks for, at most a minute. @throws ApiError 400 */
export function deadlineOf(query: Query): number {
  const text = query.get("timeout")?.[0];
  if (text === undefined || text === "") return deadlineMaxMs;
  try {
    const asked = parseDuration(text);
    return asked <= 0 ? deadlineMaxMs : Math.min(asked, deadlineMaxMs);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw errors.badRequest(`invalid timeout specified in the request URL - ${why}`);
  }
}

/** The work's result, if it comes in time; the work itself goes on. @throws ApiError 504 */
export function within<T>(clock: Clock, ms: number, work: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = clock.setTimer(ms, () => {
      reject(errors.timeout("request did not complete within the allotted timeout"));
    });
    work.then(
      (value) => {
        timer.cancel();
        resolve(value);
      },
      (error: unknown) => {
        timer.cancel();
        reject(error);
      },
    );
  });
}
