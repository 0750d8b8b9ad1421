import type { FieldError } from "../../meta/index.ts";
import { fieldError, isQualifiedName, root } from "../../meta/index.ts";
import type { coreV1, eventsV1 } from "../../types/index.ts";
import { checkImmutable, checkWith } from "../field-checks.ts";
import type { KindStrategy } from "../generic.ts";
import { eventsConversion } from "./conversion.ts";
import { checkNamespace } from "./core-event.ts";
import { eventFieldValue } from "./fields.ts";
import { eventTable } from "./table.ts";
import { checkNewEvent, checkNewEventUpdate } from "./validation.ts";

/** events.k8s.io/v1: the same events, seen as their new fields. Messages name fields as the core group does. */
export const eventStrategy: KindStrategy = {
  validate: (event: eventsV1.Event) => checkEvent(event),
  validateUpdate(event: eventsV1.Event, old: eventsV1.Event) {
    return [...checkNamespace(asCore(event)), ...checkNewEventUpdate(asCore(event), asCore(old))];
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

function checkEvent(event: eventsV1.Event): FieldError[] {
  const core = asCore(event);
  const out: FieldError[] = [...checkNamespace(core)];
  const old: FieldError[] = [];
  checkWith(isQualifiedName(core.reportingComponent ?? ""), core.reportingComponent, root("reportingController"), old);
  if (!core.eventTime) out.push(fieldError.required(root("eventTime"), ""));
  out.push(...checkNewEvent(core));
  const zero = (field: string, value: unknown) => checkImmutable(value, undefined, root(field), out);
  if (core.firstTimestamp) zero("firstTimestamp", core.firstTimestamp);
  if (core.lastTimestamp) zero("lastTimestamp", core.lastTimestamp);
  if (core.count) zero("count", core.count);
  if (core.source?.component || core.source?.host) zero("source", core.source);
  return out;
}
