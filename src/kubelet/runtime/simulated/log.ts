import type { Clock } from "../../../host/index.ts";
import type { LogLine } from "../container-logs.ts";

const linesMax = 1000;

/** The latest lines that one container put out. */
export class SimulatedLog {
  readonly #clock: Clock;
  #lines: LogLine[] = [];
  #partial = "";
  #ended = false;
  /** The last line has no end. */
  #endedInLine = false;
  #waiting: (() => void)[] = [];
  /** How many lines were dropped to stay within bounds. */
  #dropped = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  write(text: string, atMs = this.#clock.now()): void {
    const lines = (this.#partial + text).split("\n");
    this.#partial = lines.pop() ?? "";
    for (const line of lines) this.#lines.push({ atMs, text: line });
    const excess = this.#lines.length - linesMax;
    if (excess > 0) {
      this.#lines = this.#lines.slice(excess);
      this.#dropped += excess;
    }
    this.#wake();
  }

  end(): void {
    this.#endedInLine = this.#partial !== "";
    if (this.#endedInLine) this.write("\n");
    this.#ended = true;
    this.#wake();
  }

  /** The end of what was printed, as it was printed. */
  tail(linesMax: number): string {
    const text = this.#lines.slice(-linesMax).map((line) => `${line.text}\n`);
    return this.#endedInLine ? text.join("").slice(0, -1) : text.join("");
  }

  get lines(): readonly LogLine[] {
    return this.#lines;
  }

  /** How many lines were written, those dropped among them. */
  get total(): number {
    return this.#dropped + this.#lines.length;
  }

  /** The lines there are from the given one on, then those to come until the container ends. */
  async *follow(from = this.#dropped, signal?: AbortSignal): AsyncGenerator<LogLine> {
    let next = from;
    signal?.addEventListener("abort", () => this.#wake(), { once: true });
    while (signal?.aborted !== true) {
      const start = Math.max(next - this.#dropped, 0);
      const lines = this.#lines.slice(start);
      next = this.#dropped + start + lines.length;
      yield* lines;
      if (next < this.#dropped + this.#lines.length) continue;
      if (this.#ended) return;
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
  }

  #wake(): void {
    for (const resolve of this.#waiting.splice(0)) resolve();
  }
}
