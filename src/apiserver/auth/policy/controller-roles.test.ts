import { expect, test } from "vitest";
import { controllerRoleFacts } from "./controller-roles.ts";
import { type RuleFacts, rulesOf } from "./rule-facts.ts";

/** Of v1.36, by role: what differs from releases before, and from what is easily taken for it. */
const facts: Readonly<Record<string, readonly RuleFacts[]>> = {
  "cronjob-controller": [["delete list watch", "core", "pods"]],
  "device-taint-eviction-controller": [
    ["delete get list watch", "core", "pods"],
    ["patch update", "core", "pods/status"],
    ["get list watch", "resource.k8s.io", "resourceclaims"],
    ["get list watch", "resource.k8s.io", "resourceslices"],
    ["get list watch", "resource.k8s.io", "deviceclasses"],
  ],
  "endpoint-controller": [["create delete get list update watch", "core", "endpoints"]],
  "horizontal-pod-autoscaler": [
    ["list watch", "metrics.k8s.io", "pods"],
    ["get list watch", "custom.metrics.k8s.io", "*"],
    ["get list watch", "external.metrics.k8s.io", "*"],
    ["get update", "*", "*/scale"],
  ],
  "node-controller": [["delete get list watch", "core", "pods"]],
  "pod-garbage-collector": [
    ["delete list watch", "core", "pods"],
    ["get list watch", "core", "nodes"],
    ["patch", "core", "pods/status"],
  ],
  "resource-claim-controller": [["patch update", "resource.k8s.io", "resourceclaims/binding"]],
};

test.each(Object.entries(facts))("the default role of %s has the rules of v1.36", (name, rules) => {
  expect(rulesOf(controllerRoleFacts[name] ?? [])).toEqual(expect.arrayContaining(rulesOf(rules)));
});

test("device taint rules are nobody's default right: the controller reads them only where their gate is on", () => {
  expect(JSON.stringify(controllerRoleFacts)).not.toContain("devicetaintrules");
});
