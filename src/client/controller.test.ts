import { expect, test } from "vitest";
import { systemHost } from "../host/index.ts";
import { done, runController } from "./controller.ts";

test("a controller that is never satisfied leaves the event loop its turns", async () => {
  let passes = 0;
  const controller = runController({
    name: "restless",
    host: systemHost({ log: { level: "error" } }),
    reconcile: async ({ name }) => {
      passes++;
      controller.queue.add(name);
      return done;
    },
  });
  controller.queue.add("a");
  // A real timer: beside a loop that never gives way it would not fire.
  await new Promise((resolve) => setTimeout(resolve, 20));
  expect(passes).toBeGreaterThan(0);
  await controller.stop();
});
