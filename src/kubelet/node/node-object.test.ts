import { expect, test } from "vitest";
import { simulatedFacts } from "./node-facts.ts";
import { nodeObject, nodeStatus } from "./node-object.ts";

test("what the runtime's handlers can do is in the Node's status, when the runtime tells it", () => {
  const facts = simulatedFacts({ name: "n" });
  const statusOf = (more: object) => nodeObject({ name: "n" }, { ...facts, ...more }, {}, "192.0.2.1", 0).status;
  const runtimeHandlers = [{ features: { recursiveReadOnlyMounts: true, userNamespaces: false } }];
  const features = { supplementalGroupsPolicy: true };
  expect(statusOf({ runtimeHandlers, features })).toMatchObject({ runtimeHandlers, features });
  expect(statusOf({})).not.toHaveProperty("runtimeHandlers");
  expect(statusOf({})).not.toHaveProperty("features");
});

test("resources that others tell of a node are allocatable, as its own are, until they are taken back", () => {
  const facts = simulatedFacts({ name: "n" });
  const own = nodeStatus("n", facts, {}, "192.0.2.1", undefined, 0);
  const capacity = { ...own.capacity, "example.com/dongle": "5", "hugepages-3Mi": "1" };
  const told = nodeStatus("n", facts, {}, "192.0.2.1", { ...own, capacity }, 0);
  expect(told.capacity).toEqual({ ...own.capacity, "example.com/dongle": "5" });
  expect(told.allocatable).toEqual({ ...own.allocatable, "example.com/dongle": "5" });
  const after = nodeStatus("n", facts, {}, "192.0.2.1", { ...told, capacity: own.capacity }, 0);
  expect(after.allocatable).toEqual(own.allocatable);
});
