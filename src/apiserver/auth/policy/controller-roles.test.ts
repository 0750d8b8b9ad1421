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

/** As a whole, where the order changed, too, or rights were taken away. */
const whole: Readonly<Record<string, readonly RuleFacts[]>> = {
  "persistent-volume-binder": [
    ["create delete get list update watch", "core", "persistentvolumes"],
    ["update", "core", "persistentvolumes/status"],
    ["get list update watch", "core", "persistentvolumeclaims"],
    ["update", "core", "persistentvolumeclaims/status"],
    ["create delete get list watch", "core", "pods"],
    ["get list watch", "storage.k8s.io", "storageclasses"],
    ["list watch", "core", "nodes"],
    ["create patch update", "core events.k8s.io", "events"],
    ["watch", "core", "events"],
  ],
  "pvc-protection-controller": [
    ["get list update watch", "core", "persistentvolumeclaims"],
    ["update", "core", "persistentvolumeclaims/status"],
    ["get list watch", "core", "pods"],
    ["create patch update", "core events.k8s.io", "events"],
  ],
  "statefulset-controller": [
    ["list watch", "core", "pods"],
    ["get list watch", "apps", "statefulsets"],
    ["update", "apps", "statefulsets/status"],
    ["update", "apps", "statefulsets/finalizers"],
    ["create delete get patch update", "core", "pods"],
    ["create delete get list patch update watch", "apps", "controllerrevisions"],
    ["create get list watch", "core", "persistentvolumeclaims"],
    ["delete update", "core", "persistentvolumeclaims"],
    ["update", "core", "pods/finalizers"],
    ["create patch update", "core events.k8s.io", "events"],
  ],
};

test.each(Object.entries(whole))("the default role of %s has the rules of v1.36 and no others", (name, rules) => {
  expect(rulesOf(controllerRoleFacts[name] ?? [])).toEqual(rulesOf(rules));
});

test("device taint rules are nobody's default right: the controller reads them only where their gate is on", () => {
  expect(JSON.stringify(controllerRoleFacts)).not.toContain("devicetaintrules");
});
