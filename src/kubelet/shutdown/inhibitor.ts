import { spawn } from "node:child_process";
import type { InhibitLock } from "./logind.ts";

const why = "Kubelet needs time to handle node shutdown";

/**
 * Holds a shutdown back. The login manager hands the lock out as a file descriptor, which no JavaScript can receive: the
 * program `systemd-inhibit` holds it, until its input ends; so it goes with this process, too, however that ends.
 * @throws Error that says what the login manager or the machine refused
 */
export async function inhibitShutdown(): Promise<InhibitLock> {
  const child = spawn("systemd-inhibit", ["--what=shutdown", "--who=kubelet", `--why=${why}`, "--mode=delay", "cat"], {
    stdio: ["pipe", "pipe", "pipe"],
  });
  let problem = "";
  child.stderr.on("data", (chunk: Buffer) => {
    problem += chunk.toString("utf8");
  });
  const { promise: ended, resolve: end } = Promise.withResolvers<void>();
  const { promise: held, resolve: hold, reject: fail } = Promise.withResolvers<void>();
  child.once("error", (cause) => {
    fail(new Error(`cannot run systemd-inhibit, which is part of systemd: ${cause.message}`, { cause }));
    end();
  });
  child.once("close", (code) => {
    fail(new Error(`failed creating systemd inhibitor: ${problem.trim() || `systemd-inhibit ended with ${code}`}`));
    end();
  });
  // The command of the lock's holder starts when the lock is held; what it is told comes back from it.
  child.stdout.once("data", () => hold());
  // Whoever is not there cannot be written to: its end tells why.
  child.stdin.on("error", () => undefined);
  child.stdin.write("\n");
  await held;
  return {
    lost: ended,
    async release() {
      child.stdin.end();
      await ended;
    },
  };
}
