import type { FieldError } from "../../meta/index.ts";
import { fieldError, root } from "../../meta/index.ts";
import type { coreV1, eventsV1 } from "../../types/index.ts";
import { checkImmutable } from "../field-checks.ts";
import type { KindStrategy } from "../generic.ts";
import { eventsConversion } from "./conversion.ts";
import { checkNamespace } from "./core-event.ts";
import { eventFieldValue } from "./fields.ts";
import { eventTable } from "./table.ts";
import { checkNewEvent, checkNewEventUpdate } from "./validation.ts";

/** events.k8s.io/v1: the same events, seen as their new fields. Messages name fields as the core group does. */
export const eventStrategy: KindStrategy = {
  validate: (event: eventsV1.Event) => checkCreate(asCore(event)),
  validateUpdate(event: eventsV1.Event, old: eventsV1.Event) {
    return [...checkEvent(asCore(event)), ...checkNewEventUpdate(asCore(event), asCore(old))];
  },
  selectableFields: ["reason", "type", "reportingController"],
  fieldValue: (event: eventsV1.Event, field) => eventFieldValue(asCore(event), field),
  table: {
    columns: eventTable.columns,
    cells: (event: eventsV1.Event, now) => eventTable.cells(asCore(event), now),
  },
};

/** The conversion does not change the event, and shares what it can. */
function asCore(event: eventsV1.Event): coreV1.Event {
  return eventsConversion.toStorage(event) as coreV1.Event;
}

const types: readonly (string | undefined)[] = ["Normal", "Warning"];

function checkEvent(event: coreV1.Event): FieldError[] {
  return [...checkNamespace(event), ...(event.eventTime ? checkNewEvent(event, "reportingController") : [])];
}

/** A new event has its time and type, and none of the fields of old. */
function checkCreate(event: coreV1.Event): FieldError[] {
  const out = checkEvent(event);
  if (!event.eventTime) out.push(fieldError.required(root("eventTime"), ""));
  if (!types.includes(event.type)) {
    out.push(fieldError.invalid(root("type"), "", `has invalid value: ${event.type ?? ""}`));
  }
  const unset = (field: string, value: unknown) => checkImmutable(value, undefined, root(field), out);
  if (event.firstTimestamp) unset("firstTimestamp", event.firstTimestamp);
  if (event.lastTimestamp) unset("lastTimestamp", event.lastTimestamp);
  if (event.count) unset("count", event.count);
  if (event.source?.component || event.source?.host) unset("source", event.source);
  return out;
}
