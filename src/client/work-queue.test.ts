import { expect, test } from "vitest";
import { testHost } from "../host/index.ts";
import { WorkQueue } from "./work-queue.ts";

function newQueue() {
  const host = testHost();
  return { host, queue: new WorkQueue({ name: "test", host }) };
}

test("hands out keys in the order they were added, each once", async () => {
  const { queue } = newQueue();
  for (const key of ["a", "b", "a"]) queue.add(key);
  expect([await queue.take(), await queue.take(), queue.length]).toEqual(["a", "b", 0]);
});

test("does not hand out a key still being worked on, but again when it was added meanwhile", async () => {
  const { queue } = newQueue();
  queue.add("a");
  await queue.take();
  queue.add("a");
  expect(queue.length).toBe(0);
  queue.done("a");
  expect(await queue.take()).toBe("a");
});

test("gives a key to who waits for one", async () => {
  const { queue } = newQueue();
  const waiting = queue.take();
  queue.add("a");
  expect(await waiting).toBe("a");
});

test("delays each retry twice as long as the one before until forgotten", async () => {
  const { host, queue } = newQueue();
  const start = host.clock.now();
  const times: number[] = [];
  for (let round = 0; round < 4; round++) {
    if (round === 3) queue.forget("a");
    queue.addRateLimited("a");
    const taken = queue.take();
    const before = host.clock.now();
    await host.clock.runUntilIdle();
    queue.done((await taken) ?? "");
    times.push(host.clock.now() - before);
  }
  expect(times).toEqual([5, 10, 20, 5]);
  expect(host.clock.now() - start).toBe(40);
});

test("of several delays the earliest counts", async () => {
  const { host, queue } = newQueue();
  queue.addAfter("a", 1000);
  queue.addAfter("a", 10);
  queue.addAfter("a", 500);
  await host.clock.advance(10);
  expect(queue.length).toBe(1);
  expect(host.clock.pending).toBe(0);
});

test("shutting down ends who waits, drops delayed keys and waits for begun work", async () => {
  const { host, queue } = newQueue();
  queue.add("a");
  await queue.take();
  const waiting = queue.take();
  queue.addAfter("b", 10);
  let drained = false;
  const draining = queue.shutdown().then(() => {
    drained = true;
  });
  expect(await waiting).toBeUndefined();
  expect([drained, host.clock.pending]).toEqual([false, 0]);
  queue.done("a");
  await draining;
  expect(drained).toBe(true);
});

test("counts adds, retries and depth under the original names", async () => {
  const { host, queue } = newQueue();
  queue.add("a");
  queue.add("b");
  queue.addRateLimited("c");
  const text = await host.metrics.render();
  expect(text).toContain('workqueue_depth{name="test"} 2');
  expect(text).toContain('workqueue_adds_total{name="test"} 2');
  expect(text).toContain('workqueue_retries_total{name="test"} 1');
});
