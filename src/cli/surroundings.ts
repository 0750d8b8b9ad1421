/** Where a command writes and what it reads from its surroundings. */
export interface Surroundings {
  readonly stdout: { write(text: string): unknown };
  readonly stderr: { write(text: string): unknown };
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Starts this very command anew in the same process, with these flags of Node.js and variables; absent where that cannot be. */
  readonly relaunch?: (nodeFlags: readonly string[], variables: Readonly<Record<string, string>>) => void;
}

/** A failure that a user caused or must mend: printed as one line, exit code 1. */
export class CommandError extends Error {
  override readonly name = "CommandError";
}
