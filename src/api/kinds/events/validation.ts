import type { FieldError } from "../../meta/index.ts";
import { fieldError, isQualifiedName, root } from "../../meta/index.ts";
import type { coreV1 } from "../../types/index.ts";
import { checkImmutable, checkWith, goStruct } from "../field-checks.ts";

const reasonCharactersMax = 128;
const noteCharactersMax = 1024;

/** Events with an event time say who reports, what was done, and why. */
export function checkNewEvent(event: coreV1.Event, controllerField: string): FieldError[] {
  const out: FieldError[] = [];
  const { reportingComponent = "", reportingInstance = "", action = "", reason = "", message = "" } = event;
  const controller = root(controllerField);
  if (!reportingComponent) out.push(fieldError.required(controller, ""));
  checkWith(isQualifiedName(reportingComponent), reportingComponent, controller, out);
  checkText(reportingInstance, "reportingInstance", out);
  checkText(action, "action", out);
  checkText(reason, "reason", out);
  if (message.length > noteCharactersMax) {
    out.push(fieldError.invalid(root("message"), "", `can have at most ${noteCharactersMax} characters`));
  }
  return out;
}

function checkText(value: string, field: string, out: FieldError[]): void {
  const path = root(field);
  if (!value) out.push(fieldError.required(path, ""));
  if (value.length > reasonCharactersMax) {
    out.push(fieldError.invalid(path, "", `can have at most ${reasonCharactersMax} characters`));
  }
}

/** What happened stays as it was told; only how often changes. Events as the core group has them. */
export function checkNewEventUpdate(event: coreV1.Event, old: coreV1.Event): FieldError[] {
  const out: FieldError[] = [];
  const same = (field: string, value: unknown, before: unknown, shown: unknown = value) =>
    checkImmutable(value, before, root(field), out, shown);
  same("involvedObject", event.involvedObject, old.involvedObject, shownReference(event.involvedObject));
  same("reason", event.reason ?? "", old.reason ?? "");
  same("reason", event.reason ?? "", old.reason ?? ""); // the original says it twice
  same("message", event.message ?? "", old.message ?? "");
  same("source", event.source, old.source, shownSource(event.source));
  same("firstTimestamp", event.firstTimestamp ?? null, old.firstTimestamp ?? null);
  same("lastTimestamp", event.lastTimestamp ?? null, old.lastTimestamp ?? null);
  same("count", event.count ?? 0, old.count ?? 0);
  same("type", event.type ?? "", old.type ?? "");
  same("eventTime", event.eventTime ?? null, old.eventTime ?? null);
  same("action", event.action ?? "", old.action ?? "");
  same("related", event.related ?? null, old.related ?? null, event.related && shownReference(event.related));
  same("reportingController", event.reportingComponent ?? "", old.reportingComponent ?? "");
  same("reportingInstance", event.reportingInstance ?? "", old.reportingInstance ?? "");
  return out;
}

function shownReference(reference: coreV1.ObjectReference): Record<string, unknown> {
  return goStruct([
    ["Kind", reference.kind ?? ""],
    ["Namespace", reference.namespace ?? ""],
    ["Name", reference.name ?? ""],
    ["UID", reference.uid ?? ""],
    ["APIVersion", reference.apiVersion ?? ""],
    ["ResourceVersion", reference.resourceVersion ?? ""],
    ["FieldPath", reference.fieldPath ?? ""],
  ]);
}

function shownSource(source: coreV1.EventSource | undefined): Record<string, unknown> {
  return goStruct([
    ["Component", source?.component ?? ""],
    ["Host", source?.host ?? ""],
  ]);
}
