import type { FieldError } from "../../meta/index.ts";
import { fieldError, root } from "../../meta/index.ts";
import type { coreV1 } from "../../types/index.ts";
import type { KindStrategy } from "../generic.ts";
import { eventFieldValue, eventSelectableFields } from "./fields.ts";
import { eventTable } from "./table.ts";
import { checkNewEvent, checkNewEventUpdate } from "./validation.ts";

/** Events as the core group serves them: those with an event time follow the stricter rules of events.k8s.io. */
export const coreEventStrategy: KindStrategy = {
  validate: (event: coreV1.Event) => checkCoreEvent(event),
  validateUpdate: (event: coreV1.Event, old: coreV1.Event) => [
    ...checkCoreEvent(event),
    ...(event.eventTime && event.eventTime !== old.eventTime ? checkNewEventUpdate(event, old) : []),
  ],
  selectableFields: eventSelectableFields,
  fieldValue: eventFieldValue,
  table: eventTable,
};

function checkCoreEvent(event: coreV1.Event): FieldError[] {
  return [...checkNamespace(event), ...(event.eventTime ? checkNewEvent(event) : [])];
}

/** An event lies in the namespace of what it tells of; those of cluster-wide objects in `default`. */
export function checkNamespace(event: coreV1.Event): FieldError[] {
  const about = event.involvedObject?.namespace ?? "";
  const namespace = event.metadata.namespace ?? "";
  const path = root("involvedObject", "namespace");
  if (about === "") {
    const fits = namespace === "" || namespace === "default" || (!!event.eventTime && namespace === "kube-system");
    return fits ? [] : [fieldError.invalid(path, about, "does not match event.namespace")];
  }
  return about === namespace ? [] : [fieldError.invalid(path, about, "does not match event.namespace")];
}
