import { expect, test } from "vitest";
import { simulatedFacts } from "./node-facts.ts";
import { nodeObject } from "./node-object.ts";

test("what the runtime's handlers can do is in the Node's status, when the runtime tells it", () => {
  const facts = simulatedFacts({ name: "n" });
  const statusOf = (more: object) => nodeObject({ name: "n" }, { ...facts, ...more }, {}, "192.0.2.1", 0).status;
  const runtimeHandlers = [{ features: { recursiveReadOnlyMounts: true, userNamespaces: false } }];
  const features = { supplementalGroupsPolicy: true };
  expect(statusOf({ runtimeHandlers, features })).toMatchObject({ runtimeHandlers, features });
  expect(statusOf({})).not.toHaveProperty("runtimeHandlers");
  expect(statusOf({})).not.toHaveProperty("features");
});
