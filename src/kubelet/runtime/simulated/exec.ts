import { type Clock, sleep } from "../../../host/index.ts";
import { type ContainerConfig, type ExecResult, RuntimeError } from "../runtime.ts";
import type { SimulatedProcess } from "./process.ts";
import { OutOfMemory, runProgram, type ShellWorld } from "./shell.ts";

/** Of a command that may take as long as it likes. */
const longestSeconds = 24 * 3600;

/**
 * Runs a command beside a container's process, on its files. In a container whose program is not interpreted nothing is
 * known of its files: what looks at them succeeds.
 */
export async function execute(
  clock: Clock,
  process: SimulatedProcess,
  config: ContainerConfig,
  command: readonly string[],
  timeoutSeconds: number,
): Promise<ExecResult> {
  let stdout = "";
  let stderr = "";
  const world: ShellWorld = {
    files: process.isInterpreted ? process.files : new AnyFiles(),
    variables: new Map((config.envs ?? []).map(({ key, value }) => [key, value])),
    print: (text) => {
      stdout += text;
    },
    printError: (text) => {
      stderr += text;
    },
    listens: () => {},
    unknown: () => ({ afterMs: 0, exitCode: 0 }),
    onTerm: () => {},
  };
  const running = runProgram(command, world);
  const deadlineMs = clock.now() + (timeoutSeconds > 0 ? timeoutSeconds : longestSeconds) * 1000;
  try {
    for (;;) {
      const step = running.next();
      if (step.done) return { stdout, stderr, exitCode: step.value };
      const leftMs = deadlineMs - clock.now();
      if (step.value >= leftMs) {
        await sleep(clock, leftMs);
        throw new RuntimeError("DeadlineExceeded", `command timed out: timeout ${timeoutSeconds}s exceeded`);
      }
      if (step.value > 0) await sleep(clock, step.value);
    }
  } catch (error) {
    if (error instanceof OutOfMemory) return { stdout, stderr, exitCode: 137 };
    throw error;
  }
}

/** Has every file, empty. */
class AnyFiles extends Map<string, string> {
  override has(): boolean {
    return true;
  }

  override get(path: string): string {
    return super.get(path) ?? "";
  }
}
