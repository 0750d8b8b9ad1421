import { type Host, systemHost } from "../../../src/index.ts";

/** A host on which time passes `speed` times as fast: minutes of waiting are seconds, everything else is as it is. */
export function fastHost(speed: number): Host {
  const host = systemHost({ log: { level: "error" } });
  const { clock } = host;
  const start = clock.now();
  return {
    ...host,
    clock: {
      now: () => Math.floor(start + (clock.now() - start) * speed),
      setTimer: (ms, fn) => clock.setTimer(ms / speed, fn),
    },
  };
}
