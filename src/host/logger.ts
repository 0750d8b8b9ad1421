import type { LogFields, Logger, LogLevel } from "./ports.ts";

export interface LoggerOptions {
  /** The lowest level that is written. Default info. */
  level?: LogLevel;
  /** Takes one line with its line feed. Default: stderr. */
  write?: (line: string) => void;
  now: () => number;
}

const levelRank: Record<LogLevel, number> = { debug: 0, info: 1, warn: 2, error: 3 };

/** One logfmt line a call: time, level, message, then the fields. */
export function createLogger(options: LoggerOptions): Logger {
  const write = options.write ?? ((line: string) => void process.stderr.write(line));
  return new LineLogger(levelRank[options.level ?? "info"], write, options.now, "");
}

class LineLogger implements Logger {
  readonly #minimum: number;
  readonly #write: (line: string) => void;
  readonly #now: () => number;
  readonly #suffix: string;

  constructor(minimum: number, write: (line: string) => void, now: () => number, suffix: string) {
    this.#minimum = minimum;
    this.#write = write;
    this.#now = now;
    this.#suffix = suffix;
  }

  debug(message: string, fields?: LogFields): void {
    if (this.#minimum <= 0) this.#line("debug", message, fields);
  }

  info(message: string, fields?: LogFields): void {
    if (this.#minimum <= 1) this.#line("info", message, fields);
  }

  warn(message: string, fields?: LogFields): void {
    if (this.#minimum <= 2) this.#line("warn", message, fields);
  }

  error(message: string, fields?: LogFields): void {
    this.#line("error", message, fields);
  }

  with(fields: LogFields): Logger {
    return new LineLogger(this.#minimum, this.#write, this.#now, this.#suffix + formatFields(fields));
  }

  #line(level: LogLevel, message: string, fields: LogFields | undefined): void {
    const time = new Date(this.#now()).toISOString();
    const extra = fields === undefined ? "" : formatFields(fields);
    this.#write(`${time} ${level} ${quoted(message)}${this.#suffix}${extra}\n`);
  }
}

/** Writes nothing. */
export const silentLogger: Logger = {
  debug() {},
  info() {},
  warn() {},
  error() {},
  with() {
    return silentLogger;
  },
};

function formatFields(fields: LogFields): string {
  let out = "";
  for (const key in fields) {
    const value = fields[key];
    if (value !== undefined) out += ` ${key}=${formatValue(value)}`;
  }
  return out;
}

const plain = /^[\w.:/@+,%-]+$/;

function formatValue(value: unknown): string {
  if (typeof value === "string") return plain.test(value) ? value : quoted(value);
  if (value instanceof Error)
    return quoted(value.stack !== undefined && !isExpected(value) ? value.stack : value.message);
  if (typeof value === "object" && value !== null) return quoted(safeJson(value));
  return String(value);
}

/** An error with a `code` or `status` is an answer, not a bug: its stack would be noise. */
function isExpected(error: Error): boolean {
  return "code" in error || "status" in error;
}

function safeJson(value: object): string {
  try {
    return JSON.stringify(value) ?? "";
  } catch {
    return "[unprintable]"; // cycles and bigints: a log call must never throw
  }
}

function quoted(text: string): string {
  return JSON.stringify(text);
}
