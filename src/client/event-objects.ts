import type { KubeObject } from "../api/meta/index.ts";
import type { ResourceType } from "./client.ts";

/** What an event is about. */
export interface ObjectReference {
  readonly apiVersion?: string;
  readonly kind?: string;
  readonly namespace?: string;
  readonly name?: string;
  readonly uid?: string;
  readonly resourceVersion?: string;
  /** A part of the object, as `spec.containers{web}`. */
  readonly fieldPath?: string;
}

export type EventType = "Normal" | "Warning";

/** core/v1 Event as most components write it. */
export interface CoreEvent extends KubeObject {
  involvedObject: ObjectReference;
  reason: string;
  message: string;
  source: { component: string; host?: string };
  firstTimestamp: string;
  lastTimestamp: string;
  count: number;
  type: EventType;
  eventTime: null;
  action?: string;
  related?: ObjectReference;
  reportingComponent: string;
  reportingInstance: string;
}

/** events.k8s.io/v1 Event, as the scheduler writes it. */
export interface SeriesEvent extends KubeObject {
  eventTime: string;
  series?: { count: number; lastObservedTime: string };
  reportingController: string;
  reportingInstance: string;
  action: string;
  reason: string;
  regarding: ObjectReference;
  related?: ObjectReference;
  note: string;
  type: EventType;
}

export const coreEvents: ResourceType<CoreEvent> = {
  group: "",
  version: "v1",
  resource: "events",
  kind: "Event",
  namespaced: true,
};

export const seriesEvents: ResourceType<SeriesEvent> = { ...coreEvents, group: "events.k8s.io", object: undefined };

export function referenceTo(object: KubeObject, fieldPath?: string): ObjectReference {
  const { namespace, name, uid, resourceVersion } = object.metadata;
  const reference = { kind: object.kind, namespace, name, uid, apiVersion: object.apiVersion, resourceVersion };
  return fieldPath === undefined ? reference : { ...reference, fieldPath };
}

/** Events of cluster-scoped objects live in `default`. */
export function eventNamespace(regarding: ObjectReference): string {
  return regarding.namespace || "default";
}
