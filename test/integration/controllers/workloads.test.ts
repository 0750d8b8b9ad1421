// A model test of the workload controllers: random things happen to workloads, pods, nodes and the controllers themselves;
// what must always hold is checked on everything that a watch tells, and what is wanted is there when all is quiet.
//
// WORKLOAD_RUNS=300 plays more seeds; WORKLOAD_SEED=7 plays one, and shrinks what it finds.

import fc from "fast-check";
import { expect, test } from "vitest";
import { resources } from "../../../src/client/index.ts";
import { type Action, type ActionName, actionWeights, perform } from "./workload-actions.ts";
import { History } from "./workload-history.ts";
import { checkStep, Violation } from "./workload-invariants.ts";
import { checkQuiet } from "./workload-quiet.ts";
import { nodeNames, World } from "./workload-world.ts";

const defaultRuns = 16;
const actionsMax = 120;
const runMs = 120_000;
const shrinkMs = 60_000;
/** When nothing has changed for so long nothing will: longer than back-offs of jobs and of the scheduler, of whole nodes. */
const quietMs = 11 * 60_000;
const quietAtLastMs = 4 * 3_600_000;
const stepMs = 10_000;

const one = process.env.WORKLOAD_SEED;
const seeds =
  one === undefined
    ? Array.from({ length: Number(process.env.WORKLOAD_RUNS ?? defaultRuns) }, (_, i) => i + 1)
    : [Number(one)];
const command = (seed: number) =>
  `WORKLOAD_SEED=${seed} npx vitest run --project integration test/integration/controllers/workloads.test.ts`;

const names = Object.entries(actionWeights).map(([name, weight]) => ({
  weight,
  arbitrary: fc.constant(name as ActionName),
}));
const action: fc.Arbitrary<Action> = fc.record({
  act: fc.oneof(...names),
  which: fc.nat(59),
  how: fc.nat(59),
  thenMs: fc.oneof(fc.constant(0), fc.nat(500), fc.nat(5000)),
});

test.for(seeds)(
  "workloads are within their bounds at every step, and as wanted in the end: seed %i",
  { timeout: runMs },
  async (seed) => {
    const actions = fc.array(action, { maxLength: actionsMax, size: "max" });
    const property = fc.asyncProperty(actions, (chosen) => play(seed, chosen));
    // A failure is made smaller only for who asks for it: that plays it again and again.
    const interruptAfterTimeLimit = one === undefined ? undefined : shrinkMs;
    const endOnFailure = one === undefined;
    try {
      await fc.assert(property, { seed, numRuns: 1, unbiased: true, endOnFailure, interruptAfterTimeLimit });
    } catch (error) {
      throw new Error(`seed ${seed}; to play it alone, and smaller:\n${command(seed)}`, { cause: error });
    }
  },
);

/** @throws Error with all that was done up to what must not be. */
async function play(seed: number, actions: readonly Action[]): Promise<void> {
  const world = await World.start(seed);
  const history = new History(world);
  const done: string[] = [];
  const check = () => history.play((change) => checkStep(history, change));
  const pass = async (ms: number) => {
    await world.pass(ms);
    check();
  };
  const startMs = world.host.clock.now();
  try {
    await history.begin();
    for (const next of actions) {
      const at = `${(world.host.clock.now() - startMs) / 1000} s`;
      done.push(`${at}: ${await perform(world, next)}`);
      check();
      await pass(next.thenMs);
    }
    done.push(`${(world.host.clock.now() - startMs) / 1000} s: all nodes are on, no faults`);
    await heal(world);
    await untilQuiet(world, history, pass);
    checkQuiet(history);
  } catch (error) {
    if (!(error instanceof Violation)) throw error;
    const at = `${(world.host.clock.now() - startMs) / 1000} s`;
    throw new Error(
      `${error.message}\n  by ${at}, after\n  ${done.join("\n  ")}\n\n  the watch told last\n  ${history.trail.join("\n  ")}`,
      { cause: error },
    );
  } finally {
    await world.stop();
  }
}

async function heal(world: World): Promise<void> {
  world.calm = true;
  for (const name of nodeNames) await world.switchOn(name);
  const pods = world.client.resource(resources.pods);
  const annotations = { "sampan.dev/readiness": null };
  for (const { metadata } of (await pods.list()).items) {
    if (metadata.annotations?.["sampan.dev/readiness"] === undefined) continue;
    const key = { namespace: metadata.namespace, name: metadata.name ?? "" };
    await pods.patch(key, "merge", { metadata: { annotations } });
  }
}

async function untilQuiet(world: World, history: History, pass: (ms: number) => Promise<void>): Promise<void> {
  const { clock } = world.host;
  const startMs = clock.now();
  while (clock.now() - Math.max(history.changedAtMs, startMs) < quietMs) {
    await pass(stepMs);
    expect(clock.now() - startMs, "ms without becoming quiet").toBeLessThan(quietAtLastMs);
  }
}
