import type { coreV1 } from "../../types/index.ts";
import type { TableStrategy } from "../kind.ts";
import { nameOf, since, text } from "../table/cells.ts";

export const eventTable: TableStrategy = {
  columns: [
    text("Last Seen"),
    text("Type"),
    text("Reason"),
    text("Object"),
    text("Subobject", 1),
    text("Source", 1),
    text("Message"),
    text("First Seen", 1),
    text("Count", 1),
    { name: "Name", type: "string", format: "name", priority: 1 },
  ],
  cells(event: coreV1.Event, now) {
    const first = event.firstTimestamp || event.eventTime;
    const last = event.series?.lastObservedTime || event.lastTimestamp || first;
    const about = event.involvedObject ?? {};
    return [
      since(last, now),
      event.type ?? "",
      event.reason ?? "",
      about.name ? `${(about.kind ?? "").toLowerCase()}/${about.name}` : (about.kind ?? "").toLowerCase(),
      about.fieldPath ?? "",
      source(event),
      (event.message ?? "").trim(),
      since(first, now),
      event.series?.count ?? (event.count || 1),
      nameOf(event),
    ];
  },
};

function source(event: coreV1.Event): string {
  const component = event.source?.component || event.reportingComponent || "";
  const host = event.source?.host || event.reportingInstance || "";
  return host ? `${component}, ${host}` : component;
}
