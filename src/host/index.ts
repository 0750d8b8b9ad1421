/**
 * What a component gets from where it runs: clock, random, logger, metrics, and what failures of system calls mean; the
 * real ones and the ones of tests and simulations. Nothing else in src/ touches the ambient clock, timers or randomness.
 */

export { createBackground, neverBusy } from "./background.ts";
export type { LoggerOptions } from "./logger.ts";
export { createLogger, silentLogger } from "./logger.ts";
export { createMetrics } from "./metrics.ts";
export type {
  Background,
  BackgroundWork,
  Clock,
  Counter,
  CounterChild,
  Gauge,
  GaugeChild,
  Histogram,
  HistogramChild,
  HistogramOptions,
  Host,
  LabelValues,
  LogFields,
  Logger,
  LogLevel,
  MetricOptions,
  Metrics,
  Random,
  Timer,
} from "./ports.ts";
export { cryptoRandom, seededRandom } from "./random.ts";
export { sleep, TimeoutError, withTimeout } from "./sleep.ts";
export type { SystemHostOptions } from "./system.ts";
export { systemClock, systemHost } from "./system.ts";
export { hasCode, undefinedIfAbsent } from "./system-errors.ts";
export type { TestHost, TestHostOptions } from "./test-host.ts";
export { testHost } from "./test-host.ts";
export { TimeSlice } from "./time-slice.ts";
export { VirtualClock } from "./virtual-clock.ts";
