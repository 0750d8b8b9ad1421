import { expect, test } from "vitest";
import { testHost } from "./test-host.ts";
import { TimeSlice } from "./time-slice.ts";

test("a slice is over after some milliseconds, and the next one is whole again", async () => {
  const { clock } = testHost();
  const slice = new TimeSlice(clock);
  expect(slice.isOver).toBe(false);
  await clock.advance(4);
  expect(slice.isOver).toBe(true);
  const next = slice.next();
  await clock.advance(0);
  await next;
  expect(slice.isOver).toBe(false);
});
