import { describe, expect, test } from "vitest";
import { sleep, TimeoutError, VirtualClock, withTimeout } from "./index.ts";

describe("VirtualClock", () => {
  test("runs timers by time, then by the order they were set", async () => {
    const clock = new VirtualClock(0);
    const ran: string[] = [];
    clock.setTimer(20, () => ran.push(`c@${clock.now()}`));
    clock.setTimer(10, () => ran.push(`a@${clock.now()}`));
    clock.setTimer(10, () => ran.push(`b@${clock.now()}`));
    await clock.advance(15);
    expect(ran).toEqual(["a@10", "b@10"]);
    expect(clock.now()).toBe(15);
    await clock.advance(5);
    expect(ran).toEqual(["a@10", "b@10", "c@20"]);
  });

  test("keeps its order with many timers, some of them cancelled", async () => {
    const clock = new VirtualClock(0);
    const ran: number[] = [];
    for (let i = 0; i < 500; i++) {
      const at = (i * 7919) % 1000;
      const timer = clock.setTimer(at, () => ran.push(at));
      if (i % 5 === 0) timer.cancel();
    }
    expect(clock.pending).toBe(400);
    await clock.runUntilIdle();
    expect(ran).toEqual([...ran].sort((a, b) => a - b));
    expect(ran).toHaveLength(400);
  });

  test("lets promise chains finish before the next timer", async () => {
    const clock = new VirtualClock(0);
    const ran: string[] = [];
    clock.setTimer(1, async () => {
      for (let i = 0; i < 50; i++) await Promise.resolve();
      await new Promise((resolve) => setImmediate(resolve));
      ran.push("chain");
    });
    clock.setTimer(2, () => ran.push("next"));
    await clock.advance(2);
    expect(ran).toEqual(["chain", "next"]);
  });

  test("runs what a timer sets for a time within the same advance", async () => {
    const clock = new VirtualClock(0);
    const seen: number[] = [];
    const tick = () => {
      seen.push(clock.now());
      clock.setTimer(10, tick);
    };
    clock.setTimer(10, tick);
    await clock.advance(35);
    expect(seen).toEqual([10, 20, 30]);
    expect(clock.nextAt).toBe(40);
  });

  test("stops when the awaited state is there, and complains when it never comes", async () => {
    const clock = new VirtualClock(0);
    let count = 0;
    const tick = () => {
      count++;
      clock.setTimer(1000, tick);
    };
    tick();
    await clock.runUntil(() => count === 5);
    expect(clock.now()).toBe(4000);
    await expect(clock.runUntil(() => false, 3000)).rejects.toThrow("after 3000 ms");
    await expect(new VirtualClock().runUntil(() => false)).rejects.toThrow("no timer is left");
  });
});

describe("sleep and withTimeout", () => {
  test("a sleep ends with its signal, and leaves no timer", async () => {
    const clock = new VirtualClock(0);
    const stop = new AbortController();
    const slept = sleep(clock, 1000, stop.signal);
    stop.abort(new Error("stopped"));
    await expect(slept).rejects.toThrow("stopped");
    expect(clock.pending).toBe(0);
  });

  test("work that takes too long is given up and told so", async () => {
    const clock = new VirtualClock(0);
    let told = false;
    const result = withTimeout(clock, 50, async (signal) => {
      signal.addEventListener("abort", () => {
        told = true;
      });
      await new Promise(() => {});
    });
    const settled = expect(result).rejects.toBeInstanceOf(TimeoutError);
    await clock.advance(50);
    await settled;
    expect(told).toBe(true);
  });

  test("work in time gives its value and leaves no timer", async () => {
    const clock = new VirtualClock(0);
    expect(await withTimeout(clock, 50, async () => 7)).toBe(7);
    expect(clock.pending).toBe(0);
  });
});
