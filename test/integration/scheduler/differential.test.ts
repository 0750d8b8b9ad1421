// Random clusters and pods through the scheduler's plugins and through the reference: the same nodes pass, the others are
// refused with the same words, and every plugin gives the same scores. A failure prints the seed and how to play it again.
import { expect, test } from "vitest";
import { Chance } from "./chance.ts";
import { compareCase, FastPath } from "./compare.ts";
import { RandomWorld } from "./random-world.ts";

const casesPerWorld = 40;
const worlds = Number(process.env.DIFFERENTIAL_WORLDS ?? 250);
const replayed = process.env.DIFFERENTIAL_SEED;
/** Tests of one run are spread over several, so that workers share them. */
const parts = 5;

function play(seed: string): void {
  const random = new RandomWorld(new Chance(seed));
  const fast = new FastPath(random, seed);
  for (let i = 0; i < casesPerWorld; i++) {
    fast.apply(random.step());
    const pod = random.nextPod();
    try {
      const node = compareCase(fast, random.world, pod);
      // Where the scheduler puts it is where it goes: the next case builds on that.
      if (node !== undefined) fast.apply(random.place(pod, node));
    } catch (error) {
      const replay = `DIFFERENTIAL_SEED=${seed} npx vitest run --project integration test/integration/scheduler`;
      throw new Error(
        `case ${i} of seed ${seed}; again with: ${replay}\n${error instanceof Error ? error.message : error}`,
        {
          cause: error,
        },
      );
    }
  }
}

if (replayed !== undefined) {
  test(`seed ${replayed}`, () => play(replayed));
} else {
  for (let part = 0; part < parts; part++) {
    test(`${(worlds * casesPerWorld) / parts} random cases agree with the reference (${part + 1} of ${parts})`, () => {
      for (let i = part; i < worlds; i += parts) play(`world-${i}`);
      expect(worlds).toBeGreaterThan(0);
    });
  }
}
