// Made by scripts/generate.ts; do not edit.
import type { KubeObject, ListMeta } from "../../meta/index.ts";
import type { EventSource, ObjectReference } from "./core-v1.ts";

export interface Event extends KubeObject {
  action?: string;
  apiVersion: "events.k8s.io/v1";
  deprecatedCount?: number;
  deprecatedFirstTimestamp?: string | null;
  deprecatedLastTimestamp?: string | null;
  deprecatedSource?: EventSource;
  eventTime: string;
  kind: "Event";
  note?: string;
  reason?: string;
  regarding?: ObjectReference;
  related?: ObjectReference;
  reportingController?: string;
  reportingInstance?: string;
  series?: EventSeries;
  type?: string;
}

export interface EventList {
  apiVersion: "events.k8s.io/v1";
  items: Event[];
  kind: "EventList";
  metadata: ListMeta;
}

export interface EventSeries {
  count: number;
  lastObservedTime: string;
}
