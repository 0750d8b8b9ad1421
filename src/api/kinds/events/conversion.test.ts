import { expect, it } from "vitest";
import { deepFreeze } from "../../meta/index.ts";
import type { coreV1 } from "../../types/index.ts";
import { eventsConversion } from "./conversion.ts";

const stored: coreV1.Event = deepFreeze({
  apiVersion: "v1",
  kind: "Event",
  metadata: { name: "e", namespace: "n" },
  involvedObject: { kind: "Pod", name: "p", namespace: "n" },
  reason: "Started",
  message: "Started container",
  type: "Normal",
  source: { component: "kubelet", host: "n1" },
  firstTimestamp: "2026-01-01T00:00:00Z",
  lastTimestamp: "2026-01-01T00:00:05Z",
  count: 3,
  eventTime: null,
  reportingComponent: "kubelet",
  reportingInstance: "n1",
});

it("shows an event of the core group as one of events.k8s.io", () => {
  expect(eventsConversion.fromStorage(stored)).toMatchObject({
    apiVersion: "events.k8s.io/v1",
    regarding: { name: "p" },
    note: "Started container",
    deprecatedCount: 3,
    deprecatedSource: { component: "kubelet" },
    reportingController: "kubelet",
  });
});

it("loses nothing on the way there and back", () => {
  expect(eventsConversion.toStorage(eventsConversion.fromStorage(stored))).toEqual(stored);
});
