import { type Clock, sleep } from "../../../host/index.ts";
import { type ContainerConfig, type ExecResult, RuntimeError } from "../runtime.ts";
import { type SimulatedProcess, userOf, variablesOf } from "./process.ts";
import { OutOfMemory, runProgram, type ShellWorld } from "./shell/index.ts";

/** Of a command that may take as long as it likes. */
const longestSeconds = 24 * 3600;
const outOfMemoryExitCode = 137;

export interface Printer {
  print(text: string): void;
  printError(text: string): void;
}

/** What a command reaches that runs beside a container's process, on its files. */
export function worldBeside(
  process: SimulatedProcess,
  config: ContainerConfig,
  printer: Printer,
  clock: Clock,
  hostname: string,
): ShellWorld {
  return {
    files: process.files,
    now: () => clock.now(),
    variables: variablesOf(config, hostname),
    print: (text) => printer.print(text),
    printError: (text) => printer.printError(text),
    listens: () => {},
    unknown: () => ({ afterMs: 0, exitCode: 0 }),
    ask: process.ask,
    user: userOf(config),
    onTerm: () => {},
  };
}

/** Runs a command to its end; gives its exit code. @throws RuntimeError DeadlineExceeded, or what the signal is aborted with. */
export async function runCommand(
  clock: Clock,
  world: ShellWorld,
  command: readonly string[],
  { timeoutSeconds, signal }: { readonly timeoutSeconds: number; readonly signal?: AbortSignal },
): Promise<number> {
  const running = runProgram(command, world);
  const deadlineMs = clock.now() + (timeoutSeconds > 0 ? timeoutSeconds : longestSeconds) * 1000;
  try {
    for (;;) {
      const step = running.next();
      if (step.done) return step.value;
      const leftMs = deadlineMs - clock.now();
      if (step.value >= leftMs) {
        await sleep(clock, leftMs, signal);
        throw new RuntimeError("DeadlineExceeded", `command timed out: timeout ${timeoutSeconds}s exceeded`);
      }
      if (step.value > 0) await sleep(clock, step.value, signal);
    }
  } catch (error) {
    if (error instanceof OutOfMemory) return outOfMemoryExitCode;
    throw error;
  }
}

export interface ExecuteOptions {
  readonly clock: Clock;
  readonly process: SimulatedProcess;
  readonly config: ContainerConfig;
  readonly hostname: string;
  readonly timeoutSeconds: number;
}

/** Runs a command and keeps what it prints. @throws RuntimeError */
export async function execute(
  { clock, process, config, hostname, timeoutSeconds }: ExecuteOptions,
  command: readonly string[],
): Promise<ExecResult> {
  let stdout = "";
  let stderr = "";
  const printer: Printer = {
    print: (text) => {
      stdout += text;
    },
    printError: (text) => {
      stderr += text;
    },
  };
  await process.files.load(command);
  const world = worldBeside(process, config, printer, clock, hostname);
  const exitCode = await runCommand(clock, world, command, { timeoutSeconds });
  return { stdout, stderr, exitCode };
}
