import { neverBusy } from "./background.ts";
import { silentLogger } from "./logger.ts";
import { createMetrics } from "./metrics.ts";
import type { Host, Logger } from "./ports.ts";
import { seededRandom } from "./random.ts";
import { VirtualClock } from "./virtual-clock.ts";

export interface TestHostOptions {
  seed?: number | string;
  /** Where the clock starts, in ms since the epoch. Default 2026-01-01T00:00:00Z. */
  start?: number;
  log?: Logger;
}

export interface TestHost extends Host {
  clock: VirtualClock;
}

const defaultStartMs = Date.UTC(2026, 0, 1);

/** A deterministic host: virtual clock, seeded random, silent log. */
export function testHost(options: TestHostOptions = {}): TestHost {
  return {
    clock: new VirtualClock(options.start ?? defaultStartMs),
    background: neverBusy,
    random: seededRandom(options.seed ?? 1),
    log: options.log ?? silentLogger,
    metrics: createMetrics(),
  };
}
