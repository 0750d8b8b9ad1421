import { expect, test } from "vitest";
import type { Pod, Service } from "../../api/types/index.ts";
import { TriggerTimes } from "./trigger-times.ts";

const at = (minute: number) => `2026-01-01T00:0${minute}:00Z`;
const service: Service = {
  apiVersion: "v1",
  kind: "Service",
  metadata: { name: "s", creationTimestamp: at(1) },
  spec: {},
};
const pod = (name: string, minute?: number): Pod => ({
  apiVersion: "v1",
  kind: "Pod",
  metadata: { name },
  spec: { containers: [] },
  status:
    minute === undefined ? {} : { conditions: [{ type: "Ready", status: "True", lastTransitionTime: at(minute) }] },
});

test("a new service tells of its own time, later changes of the first of them, and a pod that went of none", () => {
  const times = new TriggerTimes();
  expect(times.next("k", service, [pod("a", 2)])).toBe(at(1));
  expect(times.next("k", service, [pod("a", 2)])).toBeUndefined();
  expect(times.next("k", service, [pod("a", 5), pod("b", 4), pod("c")])).toBe(at(4));
  expect(times.next("k", service, [pod("a", 5), pod("b", 4), pod("c", 3)])).toBe(at(3));
  expect(times.next("k", service, [pod("a", 5)])).toBeUndefined();
  times.forget("k");
  expect(times.next("k", service, [pod("a", 5)])).toBe(at(1));
});
