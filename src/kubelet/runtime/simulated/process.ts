import type { Clock, Timer } from "../../../host/index.ts";
import { terminationMessagePathAnnotation, terminationMessagePolicyAnnotation } from "../labels.ts";
import type { ContainerConfig } from "../runtime.ts";
import { type Behaviour, unknownProgram } from "./behaviour.ts";
import type { ContainerFiles } from "./container-files.ts";
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

export interface ProcessOptions {
  readonly clock: Clock;
  readonly behaviour: Behaviour;
  readonly config: ContainerConfig;
  readonly hostname: string;
  readonly log: SimulatedLog;
  /** Asked once, when somebody first needs them: there may be very many containers. */
  files(): ContainerFiles;
  /** What programs are answered when they send a request to a pod. */
  readonly ask?: ShellWorld["ask"];
  /** In the past for one that ran before this kubelet began. */
  readonly startedAtMs: number;
  onEnd(end: ProcessEnd): void;
}

/** The one process of a simulated container, in the time of its node. */
export class SimulatedProcess {
  readonly #clock: Clock;
  readonly #behaviour: Behaviour;
  readonly #config: ContainerConfig;
  readonly #log: SimulatedLog;
  readonly #hostname: string;
  readonly #onEnd: (end: ProcessEnd) => void;
  readonly startedAtMs: number;
  readonly #makeFiles: () => ContainerFiles;
  #files: ContainerFiles | undefined;
  readonly ask: ShellWorld["ask"];
  #timer: Timer | undefined;
  #killTimer: Timer | undefined;
  #ended = false;
  #listens: boolean;
  #termExitCode: number | undefined;
  #running: Running | undefined;
  /** Where a program is in time: behind the clock while it catches up with what ran before. */
  #atMs: number;

  constructor(options: ProcessOptions) {
    const { clock, behaviour, config, hostname, log, files, ask, startedAtMs, onEnd } = options;
    this.#clock = clock;
    this.#hostname = hostname;
    this.#makeFiles = files;
    this.ask = ask;
    this.#behaviour = behaviour;
    this.#config = config;
    this.#log = log;
    this.#onEnd = onEnd;
    this.startedAtMs = startedAtMs;
    this.#atMs = startedAtMs;
    this.#listens = behaviour.kind === "opaque";
  }

  start(): void {
    if (this.#behaviour.kind === "opaque") {
      const { endsAfterMs, exitCode } = this.#behaviour;
      this.#log.write(`simulated container ${this.#config.metadata.name} of ${this.#config.image.image}\n`);
      this.#after(this.startedAtMs + endsAfterMs, () => this.#end({ exitCode }));
      return;
    }
    const { argv } = this.#behaviour;
    if (this.files.isLoaded) this.#begin(argv);
    else void this.files.load(argv).then(() => this.#begin(argv));
  }

  /** Whether its ports answer: those of a program that is known to serve nothing do not. */
  get listens(): boolean {
    return this.#listens && !this.#ended;
  }

  get files(): ContainerFiles {
    this.#files ??= this.#makeFiles();
    return this.#files;
  }

  get isInterpreted(): boolean {
    return this.#behaviour.kind === "program";
  }

  /** Prints a line as a server does that was asked something. */
  print(line: string): void {
    this.#log.write(`${line}\n`);
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

  #begin(argv: readonly string[]): void {
    if (this.#ended) return;
    this.#running = runProgram(argv, this.#makeWorld());
    this.#advance();
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
    const path = annotations[terminationMessagePathAnnotation] ?? "";
    const written = path === "" ? undefined : this.#files?.get(path);
    if (written || exitCode === 0) return written?.slice(0, messageLengthMax);
    if (annotations[terminationMessagePolicyAnnotation] !== "FallbackToLogsOnError") return undefined;
    return this.#log.tail(fallbackLinesMax).slice(-fallbackLengthMax);
  }

  #makeWorld(): ShellWorld {
    const print = (text: string): void => this.#log.write(text, this.#atMs);
    return {
      files: this.files,
      now: () => this.#atMs,
      variables: variablesOf(this.#config, this.#hostname),
      print,
      printError: print,
      ask: this.ask,
      user: userOf(this.#config),
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

/** Whom a container runs as, where its pod says it. */
export function userOf({ security }: ContainerConfig): ShellWorld["user"] {
  const { runAsUser: uid = 0, runAsGroup: gid = 0, supplementalGroups = [], privileged = false } = security ?? {};
  return { uid, gid, groups: supplementalGroups.filter((group) => group !== gid), privileged };
}

/** What a program finds in its environment. */
export function variablesOf({ envs = [] }: ContainerConfig, hostname: string): Map<string, string> {
  return new Map([["HOSTNAME", hostname], ...envs.map(({ key, value }): [string, string] => [key, value])]);
}
