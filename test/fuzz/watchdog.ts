import { Worker } from "node:worker_threads";

const stuckMs = 30_000;

const watching = `
const { writeSync } = require("node:fs");
const { workerData } = require("node:worker_threads");
const beats = new Int32Array(workerData.beats);
let last = -1;
setInterval(() => {
  if (beats[0] === last) {
    const kind = workerData.kinds[beats[0] % workerData.kinds.length];
    const number = workerData.from + Math.floor(beats[0] / workerData.kinds.length);
    // Only this thread still runs: nobody would write what it hands to the streams of the process.
    writeSync(2, "a case hangs: --seed " + workerData.seed + " --only " + kind + " --from " + number + "\\n");
    process.kill(process.pid, "SIGKILL");
  }
  last = beats[0];
}, ${stuckMs});
`;

/** Tells which case it is when one never lets go of the event loop, from a thread of its own. */
export class Watchdog {
  readonly #beats = new Int32Array(new SharedArrayBuffer(4));
  readonly #worker: Worker;

  constructor(kinds: readonly string[], seed: string, from: number) {
    const workerData = { beats: this.#beats.buffer, kinds, seed, from };
    this.#worker = new Worker(watching, { eval: true, workerData });
    this.#worker.unref();
  }

  /** Case number `index` begins. */
  beat(index: number): void {
    Atomics.store(this.#beats, 0, index);
  }

  async stop(): Promise<void> {
    await this.#worker.terminate();
  }
}
