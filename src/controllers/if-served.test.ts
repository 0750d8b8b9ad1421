import { expect, test } from "vitest";
import { resources } from "../client/index.ts";
import { testHost } from "../host/index.ts";
import type { ControllerContext, StartController } from "./context.ts";
import { ifServed } from "./if-served.ts";

function contextServing(...names: string[]): ControllerContext {
  const all = names.map((resource) => ({ ...resources.pods, resource, verbs: [] }));
  return { discovery: { resources: async () => all }, host: testHost() } as unknown as ControllerContext;
}

test.each([
  ["pods", ["started", "stopped"]],
  ["services", []],
])("where %s are served, a controller of pods is %j", async (served, expected) => {
  const happened: string[] = [];
  const start: StartController = () => {
    happened.push("started");
    return { stop: async () => void happened.push("stopped") };
  };
  const running = ifServed(resources.pods, start)(contextServing(served));
  await new Promise(setImmediate);
  await running.stop();
  expect(happened).toEqual(expected);
});

test("where it cannot be told what is served, the controller is started", async () => {
  let started = 0;
  const discovery = { resources: () => Promise.reject(new Error("away")) };
  const context = { discovery, host: testHost() } as unknown as ControllerContext;
  const running = ifServed(resources.pods, () => {
    started++;
    return { stop: async () => {} };
  })(context);
  await running.stop();
  expect(started).toBe(0);
  const lasting = ifServed(resources.pods, () => {
    started++;
    return { stop: async () => {} };
  })(context);
  await new Promise(setImmediate);
  await lasting.stop();
  expect(started).toBe(1);
});
