import { expect, test } from "vitest";
import { testHost } from "../../host/index.ts";
import { RuntimeError, type RuntimeStatus } from "../runtime/runtime.ts";
import { RuntimeState } from "./runtime-state.ts";

const told = (...unmet: string[]): RuntimeStatus => ({
  conditions: ["RuntimeReady", "NetworkReady"].map((type) =>
    unmet.includes(type)
      ? { type, status: false, reason: "NotYet", message: "it starts" }
      : { type, status: true, reason: "", message: "" },
  ),
});

function state(listing: () => { lastMs: number; maxMs: number } | undefined = () => undefined) {
  const host = testHost();
  const runtime = { answer: async () => told() };
  const watched = new RuntimeState({ host, runtime: { status: () => runtime.answer() }, listing });
  return { host, runtime, watched };
}

const down = async () => {
  throw new RuntimeError("Unavailable", "connect ECONNREFUSED");
};

test("a runtime is down when it was silent for 30 s, not at its first failure, and up at its first answer", async () => {
  const { host, runtime, watched } = state();
  await watched.refresh();
  expect(watched.problems()).toEqual([]);
  watched.start();
  runtime.answer = down;
  await host.clock.advance(29_000);
  expect(watched.answers).toBe(false);
  expect(watched.problems()).toEqual([]);
  await host.clock.advance(1000);
  expect(watched.problems()).toEqual(["container runtime is down"]);
  runtime.answer = async () => told();
  await host.clock.advance(5000);
  expect(watched.problems()).toEqual([]);
  watched.stop();
});

test("one that hangs is down after 30 s, and whoever asks waits 2 s for it", async () => {
  const { host, runtime, watched } = state();
  await watched.refresh();
  runtime.answer = () => new Promise(() => undefined);
  let answered = false;
  void watched.refresh().then(() => {
    answered = true;
  });
  await host.clock.advance(1999);
  expect(answered).toBe(false);
  await host.clock.advance(1);
  expect(answered).toBe(true);
  await host.clock.advance(28_000);
  expect(watched.problems()).toEqual(["container runtime is down"]);
});

test("a runtime that was never asked, or says that it or its network is not ready", async () => {
  const { host, runtime, watched } = state();
  expect(watched.problems()).toEqual(["container runtime status check may not have completed yet"]);
  await watched.refresh();
  runtime.answer = async () => told("NetworkReady");
  await watched.refresh();
  expect(watched.problems()).toEqual([
    "container runtime network not ready: NetworkReady=false reason:NotYet message:it starts",
  ]);
  runtime.answer = async () => told("RuntimeReady");
  await host.clock.advance(30_000);
  await watched.refresh();
  expect(watched.problems()).toEqual([
    "container runtime is down",
    "container runtime not ready: RuntimeReady=false reason:NotYet message:it starts",
  ]);
});

test("containers that were not listed for too long are a reason of their own", async () => {
  const { host, watched } = state(() => ({ lastMs: begun, maxMs: 180_000 }));
  const begun = host.clock.now();
  watched.start();
  await host.clock.advance(180_000);
  expect(watched.problems()).toEqual([]);
  await host.clock.advance(2500);
  expect(watched.problems()).toEqual(["PLEG is not healthy: pleg was last seen active 3m2.5s ago; threshold is 3m0s"]);
  watched.stop();
});
