import { createBackground } from "./background.ts";
import { createLogger } from "./logger.ts";
import { createMetrics } from "./metrics.ts";
import type { Clock, Host, LogLevel } from "./ports.ts";
import { cryptoRandom } from "./random.ts";

export interface SystemHostOptions {
  log?: { level?: LogLevel; write?: (line: string) => void };
}

/** setTimeout runs at once for delays above this (about 24.8 days), so longer ones are taken in steps. */
const longestDelayMs = 2 ** 31 - 1;

/** The real clock. */
export const systemClock: Clock = {
  now: () => Date.now(),
  setTimer(ms, fn) {
    if (ms <= 0) {
      // setTimeout would wait a millisecond; this comes after what the event loop has to do already.
      const soon = setImmediate(fn);
      return { cancel: () => clearImmediate(soon) };
    }
    if (ms > longestDelayMs) return longTimer(ms, fn);
    const handle = setTimeout(fn, ms);
    return { cancel: () => clearTimeout(handle) };
  },
};

function longTimer(ms: number, fn: () => void): { cancel(): void } {
  let current = systemClock.setTimer(longestDelayMs, () => {
    current = systemClock.setTimer(ms - longestDelayMs, fn);
  });
  return { cancel: () => current.cancel() };
}

/** The host of a real process: wall clock, random of the operating system, log lines on stderr, fresh metrics. */
export function systemHost(options: SystemHostOptions = {}): Host {
  return {
    clock: systemClock,
    background: createBackground(systemClock),
    random: cryptoRandom,
    log: createLogger({ ...options.log, now: systemClock.now }),
    metrics: createMetrics(),
  };
}
