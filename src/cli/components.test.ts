import { expect, test } from "vitest";
import { chosenControllers } from "./components.ts";

test("what only simulated nodes need runs when it is named, not with all", () => {
  const own = "simulated-provisioner-controller";
  expect(chosenControllers("*")).toContain("persistentvolume-binder-controller");
  expect(chosenControllers("*")).not.toContain(own);
  expect(chosenControllers(`*,${own}`)).toContain(own);
  expect(chosenControllers(own)).toEqual([own]);
  expect(chosenControllers("*,-job-controller")).not.toContain("job-controller");
  expect(() => chosenControllers("nobody")).toThrow("there is no controller nobody; there are: ");
});

test("names of old are understood; those that need a cloud can only be left out", () => {
  expect(chosenControllers("podgc,csrsigning")).toEqual([
    "pod-garbage-collector-controller",
    "certificatesigningrequest-signing-controller",
  ]);
  expect(chosenControllers("*,-deployment")).not.toContain("deployment-controller");
  expect(chosenControllers("*,-service-lb-controller")).toContain("job-controller");
  expect(() => chosenControllers("service-lb-controller")).toThrow("needs a cloud provider");
});
