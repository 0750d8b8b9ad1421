import type { coreV1 } from "../../types/index.ts";

export const eventSelectableFields = [
  "involvedObject.kind",
  "involvedObject.namespace",
  "involvedObject.name",
  "involvedObject.uid",
  "involvedObject.apiVersion",
  "involvedObject.resourceVersion",
  "involvedObject.fieldPath",
  "reason",
  "reportingComponent",
  "source",
  "type",
] as const;

const prefix = "involvedObject.";

export function eventFieldValue(event: coreV1.Event, field: string): string | undefined {
  if (field.startsWith(prefix)) {
    const about: Readonly<Record<string, string | undefined>> = { ...event.involvedObject };
    return about[field.slice(prefix.length)] ?? "";
  }
  switch (field) {
    case "reason":
      return event.reason ?? "";
    case "reportingComponent":
    case "reportingController":
      return event.reportingComponent ?? "";
    case "source":
      return event.source?.component || (event.reportingComponent ?? "");
    case "type":
      return event.type ?? "";
    default:
      return undefined;
  }
}
