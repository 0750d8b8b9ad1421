import { expect, test } from "vitest";
import { createBackground } from "./background.ts";
import type { BackgroundWork } from "./ports.ts";

/** An event loop by hand: whoever asks for a timer is called in the next turn, and each turn takes what is said. */
function setup() {
  let now = 0;
  let due: (() => void)[] = [];
  const background = createBackground({
    now: () => now,
    setTimer: (_, fn) => {
      due.push(fn);
      return { cancel: () => {} };
    },
  });
  const begun: string[] = [];
  const ask = (work: BackgroundWork, name: string, signal?: AbortSignal) => {
    const turn = background.turn(work, signal);
    if (turn === undefined) begun.push(name);
    else void turn.then(() => begun.push(name));
  };
  const turns = async (count: number, ms: number) => {
    for (let i = 0; i < count; i++) {
      const fns = due;
      due = [];
      for (const fn of fns) fn();
      now += ms;
      await Promise.resolve();
    }
  };
  return { ask, begun, turns, isAsleep: () => due.length === 0 };
}

test("an idle process does it after a turn of the event loop, and then looks no more", async () => {
  const { ask, begun, turns, isAsleep } = setup();
  ask("event", "a");
  ask("event", "b");
  await turns(2, 1);
  expect(begun).toEqual(["a", "b"]);
  expect(isAsleep()).toBe(true);
});

test("events wait for statuses, and all of them while the process is busy", async () => {
  const { ask, begun, turns } = setup();
  ask("event", "event");
  ask("status", "status");
  await turns(20, 10);
  expect(begun).toEqual([]);
  await turns(4, 0);
  expect(begun).toEqual(["status", "event"]);
});

test("of what waits few pieces begin at once: what they cause comes before the others", async () => {
  const { ask, begun, turns } = setup();
  for (let i = 0; i < 20; i++) ask("event", String(i));
  await turns(2, 0);
  expect(begun).toHaveLength(16);
  await turns(2, 0);
  expect(begun.map(Number)).toEqual(Array.from({ length: 20 }, (_, i) => i));
});

test("a process that stays busy puts statuses off for a second and events for five, and then does an eighth in each turn", async () => {
  const { ask, begun, turns } = setup();
  for (let i = 0; i < 16; i++) ask("status", "status");
  for (let i = 0; i < 16; i++) ask("event", "event");
  const count = (name: string) => begun.filter((one) => one === name).length;
  await turns(4, 249);
  expect(count("status")).toBe(0);
  await turns(4, 10);
  expect([count("status"), count("event")]).toEqual([4, 0]);
  await turns(39, 100);
  expect([count("status"), count("event")]).toEqual([16, 0]);
  await turns(4, 100);
  expect(count("event")).toBe(2);
});

test("whoever ends does not wait", async () => {
  const { ask, begun, turns } = setup();
  const stopping = new AbortController();
  ask("event", "waiting", stopping.signal);
  await turns(2, 10);
  stopping.abort();
  await Promise.resolve();
  expect(begun).toEqual(["waiting"]);
  ask("event", "late", stopping.signal);
  expect(begun).toEqual(["waiting", "late"]);
});
