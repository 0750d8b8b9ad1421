import type { FieldError } from "../../meta/index.ts";
import { fieldError, isPathSegmentName, root } from "../../meta/index.ts";
import type { coreV1 } from "../../types/index.ts";
import type { KindStrategy } from "../generic.ts";
import { eventFieldValue, eventSelectableFields } from "./fields.ts";
import { eventTable } from "./table.ts";
import { checkNewEvent } from "./validation.ts";

const namespacePath = root("involvedObject", "namespace");

/** Events as the core group serves them: those with an event time follow the stricter rules of events.k8s.io. */
export const coreEventStrategy: KindStrategy = {
  validateName: isPathSegmentName,
  validate: (event: coreV1.Event) => checkCoreEvent(event),
  selectableFields: eventSelectableFields,
  fieldValue: eventFieldValue,
  table: eventTable,
};

function checkCoreEvent(event: coreV1.Event): FieldError[] {
  return [...checkNamespace(event), ...(event.eventTime ? checkNewEvent(event, "reportingComponent") : [])];
}

/** An event lies in the namespace of what it tells of; those of cluster-wide objects in `default`. */
export function checkNamespace(event: coreV1.Event): FieldError[] {
  const about = event.involvedObject?.namespace ?? "";
  return fits(about, event) ? [] : [fieldError.invalid(namespacePath, about, "does not match event.namespace")];
}

function fits(about: string, event: coreV1.Event): boolean {
  const namespace = event.metadata.namespace ?? "";
  if (event.eventTime) return about !== "" || namespace === "default" || namespace === "kube-system";
  if (about === "") return namespace === "" || namespace === "default";
  return about === namespace;
}
