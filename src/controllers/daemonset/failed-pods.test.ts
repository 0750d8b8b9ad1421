import { expect, test } from "vitest";
import { testHost } from "../../host/index.ts";
import { FailedPods } from "./failed-pods.ts";

test("pauses between failed pods of one place double up to a quarter of an hour and are forgotten after a quiet time", async () => {
  const { clock } = testHost();
  const failed = new FailedPods(clock);
  expect(failed.waitMs("a")).toBe(0);
  const pauses: number[] = [];
  for (let time = 0; time < 12; time++) {
    failed.removed("a");
    pauses.push(failed.waitMs("a") / 1000);
    await clock.advance(failed.waitMs("a"));
    expect(failed.waitMs("a")).toBe(0);
  }
  expect(pauses).toEqual([1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900]);
  expect(failed.waitMs("b")).toBe(0);
  await clock.advance(31 * 60_000);
  failed.sweep();
  failed.removed("a");
  expect(failed.waitMs("a")).toBe(1000);
});
