import type { KubeObject } from "../../meta/index.ts";
import type { coreV1, eventsV1 } from "../../types/index.ts";
import type { Conversion } from "../kind.ts";

/** events.k8s.io/v1 is another view of the core group's events, in which they are stored. */
export const eventsConversion: Conversion = {
  toStorage(draft: KubeObject): KubeObject {
    const {
      regarding,
      note,
      deprecatedSource,
      deprecatedFirstTimestamp,
      deprecatedLastTimestamp,
      deprecatedCount,
      ...same
    } = draft as eventsV1.Event;
    const { reportingController, series, ...rest } = same;
    const stored: coreV1.Event = {
      ...rest,
      apiVersion: "v1",
      involvedObject: regarding ?? {},
      source: deprecatedSource ?? {},
      firstTimestamp: deprecatedFirstTimestamp ?? null,
      lastTimestamp: deprecatedLastTimestamp ?? null,
      reportingComponent: reportingController ?? "",
      reportingInstance: rest.reportingInstance ?? "",
    };
    if (note) stored.message = note;
    if (deprecatedCount) stored.count = deprecatedCount;
    if (series) stored.series = { count: series.count, lastObservedTime: series.lastObservedTime };
    return stored;
  },
  fromStorage(object: KubeObject): KubeObject {
    const { involvedObject, message, source, firstTimestamp, lastTimestamp, count, ...same } = object as coreV1.Event;
    const { reportingComponent, series, eventTime, ...rest } = same;
    const served: eventsV1.Event = {
      ...rest,
      apiVersion: "events.k8s.io/v1",
      // The published type calls the time required, yet events of the core group may have none.
      eventTime: (eventTime ?? null) as string,
      regarding: involvedObject,
      deprecatedSource: source ?? {},
      deprecatedFirstTimestamp: firstTimestamp ?? null,
      deprecatedLastTimestamp: lastTimestamp ?? null,
    };
    if (reportingComponent) served.reportingController = reportingComponent;
    if (!served.reportingInstance) delete served.reportingInstance;
    if (message) served.note = message;
    if (count) served.deprecatedCount = count;
    if (series) served.series = { count: series.count ?? 0, lastObservedTime: series.lastObservedTime ?? "" };
    return served;
  },
};
