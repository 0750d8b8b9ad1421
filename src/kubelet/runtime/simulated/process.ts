import type { Clock, Timer } from "../../../host/index.ts";
import { terminationMessagePathAnnotation, terminationMessagePolicyAnnotation } from "../labels.ts";
import type { ContainerConfig } from "../runtime.ts";
import { type Behaviour, unknownProgram } from "./behaviour.ts";
import type { SimulatedLog } from "./log.ts";
import { OutOfMemory, type Running, runProgram, type ShellWorld } from "./shell/index.ts";

export interface ProcessEnd {
  readonly exitCode: number;
  readonly reason?: string;
  readonly message?: string;
}

const killedExitCode = 137;
const messageLengthMax = 4096;
const fallbackLinesMax = 80;
const fallbackLengthMax = 2048;

/** The one process of a simulated container, in the time of its node. */
export class SimulatedProcess {
  readonly #clock: Clock;
  readonly #behaviour: Behaviour;
  readonly #config: ContainerConfig;
  readonly #log: SimulatedLog;
  readonly #onEnd: (end: ProcessEnd) => void;
  readonly #startedAtMs: number;
  #anyFiles: AnyFiles | undefined;
  #timer: Timer | undefined;
  #killTimer: Timer | undefined;
  #ended = false;
  #listens: boolean;
  #termExitCode: number | undefined;
  #running: Running | undefined;
  #world: ShellWorld | undefined;
  /** Where a program is in time: behind the clock while it catches up with what ran before. */
  #atMs: number;

  /** @param startedAtMs in the past for one that ran before this kubelet began. */
  constructor(
    clock: Clock,
    behaviour: Behaviour,
    config: ContainerConfig,
    log: SimulatedLog,
    startedAtMs: number,
    onEnd: (end: ProcessEnd) => void,
  ) {
    this.#clock = clock;
    this.#behaviour = behaviour;
    this.#config = config;
    this.#log = log;
    this.#onEnd = onEnd;
    this.#startedAtMs = startedAtMs;
    this.#atMs = startedAtMs;
    this.#listens = behaviour.kind === "opaque";
  }

  start(): void {
    if (this.#behaviour.kind === "opaque") {
      const { endsAfterMs, exitCode } = this.#behaviour;
      this.#log.write(`simulated container ${this.#config.metadata.name} of ${this.#config.image.image}\n`);
      this.#after(this.#startedAtMs + endsAfterMs, () => this.#end({ exitCode }));
      return;
    }
    this.#world = this.#makeWorld();
    this.#running = runProgram(this.#behaviour.argv, this.#world);
    this.#advance();
  }

  /** Whether its ports answer: those of a program that is known to serve nothing do not. */
  get listens(): boolean {
    return this.#listens && !this.#ended;
  }

  get isInterpreted(): boolean {
    return this.#behaviour.kind === "program";
  }

  /** Of a program that is not interpreted nothing is known of its files: who looks for one finds it. */
  get files(): Map<string, string> {
    if (this.#world !== undefined) return this.#world.files;
    this.#anyFiles ??= new AnyFiles();
    return this.#anyFiles;
  }

  /** TERM, and KILL after `graceMs`. A shell or a sleep does not heed TERM, as the first process of a container. */
  stop(graceMs: number): void {
    if (this.#ended) return;
    this.#killTimer?.cancel();
    if (graceMs <= 0) this.#end({ exitCode: killedExitCode });
    else if (!this.isInterpreted || this.#listens) this.#end({ exitCode: 0 });
    else if (this.#termExitCode !== undefined) this.#end({ exitCode: this.#termExitCode });
    else this.#killTimer = this.#clock.setTimer(graceMs, () => this.#end({ exitCode: killedExitCode }));
  }

  /** Ends by itself: what it read told it to. */
  finish(exitCode: number): void {
    this.#end({ exitCode });
  }

  kill(): void {
    this.#end({ exitCode: killedExitCode });
  }

  /** Ends without a trace: its node is switched off. */
  abandon(): void {
    this.#ended = true;
    this.#timer?.cancel();
    this.#killTimer?.cancel();
  }

  #advance(): void {
    const running = this.#running;
    if (running === undefined || this.#ended) return;
    try {
      for (;;) {
        const step = running.next();
        if (step.done) {
          this.#end({ exitCode: step.value });
          return;
        }
        this.#atMs += step.value;
        if (this.#atMs > this.#clock.now()) break;
      }
    } catch (error) {
      if (!(error instanceof OutOfMemory)) throw error;
      this.#end({ exitCode: killedExitCode, reason: "OOMKilled" });
      return;
    }
    this.#after(this.#atMs, () => this.#advance());
  }

  #after(atMs: number, fn: () => void): void {
    if (!Number.isFinite(atMs)) return;
    this.#timer = this.#clock.setTimer(atMs - this.#clock.now(), fn);
  }

  #end(end: ProcessEnd): void {
    if (this.#ended) return;
    this.abandon();
    this.#log.end();
    const message = this.#terminationMessage(end.exitCode);
    this.#onEnd(message ? { ...end, message } : end);
  }

  #terminationMessage(exitCode: number): string | undefined {
    const { annotations } = this.#config;
    const written = this.#world?.files.get(annotations[terminationMessagePathAnnotation] ?? "");
    if (written || exitCode === 0) return written?.slice(0, messageLengthMax);
    if (annotations[terminationMessagePolicyAnnotation] !== "FallbackToLogsOnError") return undefined;
    const lines = this.#log.lines.slice(-fallbackLinesMax).map(({ text }) => `${text}\n`);
    return lines.join("").slice(-fallbackLengthMax);
  }

  #makeWorld(): ShellWorld {
    const print = (text: string): void => this.#log.write(text, this.#atMs);
    return {
      files: new Map(),
      now: () => this.#atMs,
      variables: new Map((this.#config.envs ?? []).map(({ key, value }) => [key, value])),
      print,
      printError: print,
      listens: () => {
        this.#listens = true;
      },
      unknown: () => {
        const { endsAfterMs, exitCode } = unknownProgram(this.#config);
        if (!Number.isFinite(endsAfterMs)) this.#listens = true;
        return { afterMs: endsAfterMs, exitCode };
      },
      onTerm: (exitCode) => {
        this.#termExitCode = exitCode;
      },
    };
  }
}

/** Has every file, empty but for those that were written. */
class AnyFiles extends Map<string, string> {
  override has(): boolean {
    return true;
  }

  override get(path: string): string {
    return super.get(path) ?? "";
  }
}
