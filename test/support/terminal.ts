import { spawn } from "node:child_process";

export const terminalSize = { rows: 33, columns: 111 } as const;

export interface Typed {
  readonly code: number | null;
  /** All that the terminal showed. */
  readonly seen: string;
}

/**
 * Runs a command on a terminal (`script` makes one) and types: each text when what it waits for has been shown since the
 * last. Ended after half a minute.
 */
export async function onTerminal(
  command: string,
  typed: readonly (readonly [sees: string, types: string])[],
  env: Readonly<Record<string, string>> = {},
): Promise<Typed> {
  const options = { env: { ...process.env, ...env }, timeout: 30_000, killSignal: "SIGKILL" } as const;
  const sized = `stty rows ${terminalSize.rows} cols ${terminalSize.columns}; exec ${command}`;
  const child = spawn("script", ["-qec", sized, "/dev/null"], options);
  let seen = "";
  let from = 0;
  let left = [...typed];
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    seen += text;
    const [next] = left;
    if (next === undefined || !seen.includes(next[0], from)) return;
    left = left.slice(1);
    from = seen.length;
    child.stdin.write(next[1]);
  });
  const code = await new Promise<number | null>((resolve) => child.once("close", resolve));
  return { code, seen };
}
