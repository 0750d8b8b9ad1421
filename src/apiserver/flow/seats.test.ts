import { describe, expect, it } from "vitest";
import { testHost } from "../../host/index.ts";
import { ListSeats } from "./list-seats.ts";
import { type LevelClient, PriorityLevel } from "./priority-level.ts";
import { RetryAfter } from "./retry-after.ts";

const pods = { group: "", resource: "pods", namespace: "", isOfOne: false, limit: 0, hasSelector: false };

describe("a list", () => {
  it("takes a seat for each hundred objects that are read and written for it, at most ten", () => {
    const seats = new ListSeats();
    expect(seats.of(pods)).toBe(1);
    for (const [count, expected] of [
      [0, 1],
      [50, 1],
      [51, 2],
      [120, 3],
      [5_000, 10],
    ] as const) {
      seats.learn(pods, count);
      expect(seats.of(pods), String(count)).toBe(expected);
    }
  });

  it("takes fewer for a page, more with a selector, and one when it is about one object", () => {
    const seats = new ListSeats();
    seats.learn(pods, 400);
    expect(seats.of({ ...pods, limit: 100 })).toBe(2);
    expect(seats.of({ ...pods, limit: 100, hasSelector: true })).toBe(5);
    expect(seats.of({ ...pods, isOfOne: true })).toBe(1);
    expect(seats.of({ ...pods, namespace: "other" })).toBe(1);
  });
});

function setUp(seats: number) {
  const host = testHost();
  const level = new PriorityLevel("l", false, host.clock, () => {});
  level.configure({ nominal: seats, min: seats, max: seats }, { queues: 4, handSize: 1, lengthMax: 5 });
  level.resize(seats);
  const client: LevelClient = { name: "c", waiting: 0, executing: 0, seats: 0, rejected: () => {}, waited: () => {} };
  const free = { give: () => level.give(client) };
  const take = (width: number, deadlineMs?: number) => level.take(client, free, () => "flow", width, deadlineMs);
  return { host, level, client, take };
}

describe("requests of several seats", () => {
  it("take at most 15 % of their level's seats", () => {
    const { level, take } = setUp(40);
    take(10);
    expect(level.inUse).toBe(6);
    take(3);
    expect(level.inUse).toBe(9);
    expect(level.executing).toBe(2);
  });

  it("wait until there is room for all their seats, and give all of them back", async () => {
    const { level, client, take } = setUp(20);
    const singles = Array.from({ length: 18 }, () => take(1));
    const wide = take(3);
    expect(wide).toBeInstanceOf(Promise);
    expect(level.wanted).toBe(3);
    const [first] = singles;
    if (first === undefined || first instanceof Promise) throw new Error("the first had to wait");
    first.give();
    const seat = await wide;
    expect([level.inUse, client.seats, level.wanted]).toEqual([20, 20, 0]);
    seat?.give();
    expect([level.inUse, client.seats, level.executing]).toEqual([17, 17, 17]);
  });

  it("wait no longer than a quarter of the time that they have", async () => {
    const { host, take } = setUp(1);
    take(1);
    const short = take(1, 8_000);
    await host.clock.advance(1_999);
    let ended = false;
    void Promise.resolve(short).then(() => {
      ended = true;
    });
    await host.clock.advance(0);
    expect(ended).toBe(false);
    await host.clock.advance(1);
    expect(await short).toBeUndefined();
  });
});

describe("who is refused", () => {
  it("is told to stay away for longer while ever more are refused, and for shorter afterwards", async () => {
    const host = testHost();
    const after = new RetryAfter(host.clock);
    const told: number[] = [];
    for (let second = 0; second < 40; second++) {
      for (let i = 0; i < 100; i++) after.refused();
      told.push(after.seconds);
      await host.clock.advance(1_000);
    }
    expect(told.slice(0, 8)).toEqual([1, 2, 2, 4, 4, 4, 4, 8]);
    expect(Math.max(...told)).toBe(32);
    await host.clock.advance(60_000);
    after.refused();
    expect(after.seconds).toBe(31);
  });
});
