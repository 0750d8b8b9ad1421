/** A pending timer. Cancelling one that has run, or was cancelled, does nothing. */
export interface Timer {
  cancel(): void;
}

/** The only source of time: wall clock milliseconds since the epoch, and timers. */
export interface Clock {
  now(): number;
  /** Runs `fn` once after `ms` milliseconds (at the earliest in a later turn, also for 0 and less). */
  setTimer(ms: number, fn: () => void): Timer;
}

/** The only source of randomness. */
export interface Random {
  /** A number in [0, 1). */
  next(): number;
  bytes(count: number): Uint8Array;
  /** A version 4 UUID in lower case. */
  uuid(): string;
}

export type LogLevel = "debug" | "info" | "warn" | "error";
export type LogFields = Record<string, unknown>;

/** A constant message with key/value pairs. */
export interface Logger {
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
  /** A logger that adds `fields` to every line. */
  with(fields: LogFields): Logger;
}

export interface MetricOptions {
  name: string;
  help: string;
  labels?: readonly string[];
}

export interface HistogramOptions extends MetricOptions {
  /** Upper bounds in rising order, without +Inf. */
  buckets?: readonly number[];
}

export type LabelValues = Readonly<Record<string, string>>;

export interface CounterChild {
  inc(by?: number): void;
  readonly value: number;
}

export interface GaugeChild {
  set(value: number): void;
  inc(by?: number): void;
  dec(by?: number): void;
  readonly value: number;
}

export interface HistogramChild {
  observe(value: number): void;
  readonly count: number;
  readonly sum: number;
}

/** `labels(...)` takes the values in the order of the metric's label names; keep the child on hot paths. */
export interface Counter {
  labels(...values: string[]): CounterChild;
  inc(labels?: LabelValues, by?: number): void;
}

export interface Gauge {
  labels(...values: string[]): GaugeChild;
  set(labels: LabelValues, value: number): void;
  set(value: number): void;
  inc(labels?: LabelValues, by?: number): void;
  dec(labels?: LabelValues, by?: number): void;
  /** Forgets one labelled child, so that it is no longer rendered. */
  remove(...values: string[]): void;
}

export interface Histogram {
  labels(...values: string[]): HistogramChild;
  observe(labels: LabelValues, value: number): void;
  observe(value: number): void;
}

/** A registry: asking twice for one name gives the same metric. */
export interface Metrics {
  counter(options: MetricOptions): Counter;
  gauge(options: MetricOptions): Gauge;
  histogram(options: HistogramOptions): Histogram;
  /** Runs just before every render; for gauges that are read from a live value. */
  beforeRender(collect: () => void): void;
  render(): Promise<string>;
  readonly contentType: string;
}

/** What may wait for a moment: to tell how pods are, and to tell what happened. */
export type BackgroundWork = "status" | "event";

/** Lets work wait that nothing else waits for, while its process is busy; on an idle one it is done at once. */
export interface Background {
  /**
   * When one piece of such work may begin: now (undefined), or when the promise resolves, which a process that stays busy
   * puts off for some seconds at most, and an aborted signal not at all.
   */
  turn(work: BackgroundWork, signal?: AbortSignal): Promise<void> | undefined;
}

/** What a component gets from where it runs. */
export interface Host {
  clock: Clock;
  background: Background;
  random: Random;
  log: Logger;
  metrics: Metrics;
}
