import type { Surroundings } from "./surroundings.ts";

/** Resolves at the first SIGINT or SIGTERM; a second SIGINT ends the process at once, as from an impatient user. */
export function untilStopped({ stderr }: Surroundings): Promise<void> {
  return new Promise((resolve) => {
    let stopping = false;
    const stop = (signal: NodeJS.Signals) => {
      if (stopping && signal === "SIGINT") {
        stderr.write("sampan: ended at once\n");
        process.exit(130);
      }
      stopping = true;
      resolve();
    };
    process.on("SIGINT", stop);
    process.on("SIGTERM", stop);
  });
}
