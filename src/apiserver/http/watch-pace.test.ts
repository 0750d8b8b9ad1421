import { expect, test } from "vitest";
import { testHost } from "../../host/index.ts";
import { WatchPace } from "./watch-pace.ts";

test("what waits is flushed together after a short pause, once", async () => {
  const { clock } = testHost();
  const pace = new WatchPace(clock);
  const flushed: string[] = [];
  pace.later({ flush: () => flushed.push("a") });
  await clock.advance(2);
  pace.later({ flush: () => flushed.push("b") });
  expect(flushed).toEqual([]);
  await clock.advance(2);
  expect(flushed).toEqual(["a", "b"]);
  await clock.advance(100);
  expect(flushed).toEqual(["a", "b"]);
});

test("a flush is due again after the pause, or when the clock was set back", async () => {
  const { clock } = testHost();
  const pace = new WatchPace(clock);
  const now = pace.now();
  expect(pace.isDue(Number.NEGATIVE_INFINITY)).toBe(true);
  expect(pace.isDue(now)).toBe(false);
  expect(pace.isDue(now + 1000)).toBe(true);
  await clock.advance(4);
  expect(pace.isDue(now)).toBe(true);
});

test("the more wait together, the longer the next pause, up to a bound", async () => {
  const { clock } = testHost();
  const pace = new WatchPace(clock);
  const pauseAfter = async (count: number) => {
    for (let i = 0; i < count; i++) pace.later({ flush: () => {} });
    await clock.advance(1000);
    const flushedAt = pace.now();
    let ms = 0;
    while (!pace.isDue(flushedAt)) {
      await clock.advance(1);
      ms++;
    }
    return ms;
  };
  expect(await pauseAfter(50)).toBe(4);
  expect(await pauseAfter(1000)).toBe(30);
  expect(await pauseAfter(100_000)).toBe(50);
  expect(await pauseAfter(1)).toBe(4);
});
