// The program's entry: runs the command line of this process.
import { run } from "./program.ts";
import type { Surroundings } from "./surroundings.ts";

process.exitCode = await run(process.argv.slice(2), {
  stdout: process.stdout,
  stderr: process.stderr,
  env: process.env,
  relaunch: relauncher(),
});

function relauncher(): Surroundings["relaunch"] {
  const { execve } = process;
  if (execve === undefined || process.platform !== "linux") return undefined;
  return (nodeFlags, variables) => {
    // Flags are where the first process puts them for the second: it must not go on for ever.
    if (nodeFlags.every((flag) => process.execArgv.includes(flag))) return;
    const args = [process.execPath, ...process.execArgv, ...nodeFlags, ...process.argv.slice(1)];
    execve.call(process, process.execPath, args, { ...process.env, ...variables });
  };
}
