import { expect, test } from "vitest";
import type { Json } from "../support/api.ts";
import { core, labelled } from "../support/paths.ts";
import { conformanceSuite } from "../support/suite.ts";

const suite = conformanceSuite({ nodes: false });

const newEvents = (namespace: string) => `/apis/events.k8s.io/v1/namespaces/${namespace}/events`;

function newEvent(namespace: string, name: string, labels: Record<string, string>): Json {
  return {
    metadata: { name, labels },
    eventTime: "2026-01-01T00:00:00.000000Z",
    note: "note-1",
    regarding: { kind: "Pod", name: "pod-1", namespace },
    action: "Do",
    reason: "Test",
    type: "Normal",
    reportingController: "test-controller",
    reportingInstance: "test-node",
  };
}

function coreEvent(namespace: string, name: string, labels: Record<string, string>): Json {
  return {
    metadata: { name, labels },
    message: "This is a test event",
    reason: "Test",
    type: "Normal",
    count: 1,
    involvedObject: { namespace },
    source: { component: "test" },
  };
}

/** The event as it is compared: without what the server notes of each write. */
async function withoutVersions(path: string): Promise<Json> {
  const { metadata, ...event } = await suite.api.get(path);
  const { resourceVersion, managedFields, ...rest } = metadata;
  expect([resourceVersion, managedFields]).toEqual([expect.any(String), expect.any(Array)]);
  return { metadata: rest, ...event };
}

test("New Event resource lifecycle, testing a single event", async () => {
  const { api } = suite;
  const namespace = await suite.namespace();
  const path = newEvents(namespace);
  const select = labelled(`testevent-constant=${namespace}`);
  await api.create(path, newEvent(namespace, "event-test", { "testevent-constant": namespace }));
  for (const list of [path, "/apis/events.k8s.io/v1/events"])
    expect((await api.get(`${list}?${select}`)).items).toHaveLength(1);
  const selected = async (list: string, selector: string) =>
    (await api.get(`${list}?fieldSelector=${encodeURIComponent(selector)}`)).items.map(
      (one: Json) => one.metadata.name,
    );
  expect(await selected(core(namespace, "events"), "source=test-controller")).toEqual(["event-test"]);
  expect(await selected(path, "reportingController=test-controller")).toEqual(["event-test"]);
  const settled = () => withoutVersions(`${path}/event-test`);
  const made = await settled();
  const series = { count: 2, lastObservedTime: "2017-09-19T13:49:11.000000Z" };
  await api.patch(`${path}/event-test`, "strategic", { series });
  expect(await settled()).toEqual({ ...made, series });
  // An update of what was read, without its resource version.
  const later = { count: 100, lastObservedTime: "2017-09-19T13:49:16.000000Z" };
  await api.update(`${path}/event-test`, { ...made, series: later });
  expect(await settled()).toEqual({ ...made, series: later });
  // The same event in the older form.
  expect((await api.get(`${core(namespace, "events")}/event-test`)).series).toEqual(later);
  await api.delete(`${path}/event-test`);
  for (const list of [path, "/apis/events.k8s.io/v1/events"])
    expect((await api.get(`${list}?${select}`)).items).toEqual([]);
});

test("New Event resource lifecycle, testing a list of events", async () => {
  const { api } = suite;
  const namespace = await suite.namespace();
  const path = newEvents(namespace);
  const labels = { "testevent-set": "true" };
  for (const name of ["e-1", "e-2", "e-3"]) await api.create(path, newEvent(namespace, name, labels));
  expect((await api.get(`${path}?${labelled("testevent-set=true")}`)).items).toHaveLength(3);
  await api.delete(`${path}?${labelled("testevent-set=true")}`);
  expect((await api.get(`${path}?${labelled("testevent-set=true")}`)).items).toEqual([]);
});

test("Event, manage lifecycle of an Event", async () => {
  const { api } = suite;
  const namespace = await suite.namespace();
  const path = core(namespace, "events");
  const select = labelled(`testevent-constant=${namespace}`);
  await api.create(path, coreEvent(namespace, "event-test", { "testevent-constant": namespace }));
  expect((await api.get(`/api/v1/events?${select}`)).items).toHaveLength(1);
  expect((await api.get(`${path}?${select}`)).items).toHaveLength(1);
  const made = await withoutVersions(`${path}/event-test`);
  const message = "This is a test event - patched";
  await api.patch(`${path}/event-test`, "strategic", { message });
  expect(await withoutVersions(`${path}/event-test`)).toEqual({ ...made, message });
  const series = { count: 100, lastObservedTime: "2017-09-19T13:49:16.000000Z" };
  await api.update(`${path}/event-test`, { ...made, message, series });
  expect(await withoutVersions(`${path}/event-test`)).toEqual({ ...made, message, series });
  await api.delete(`${path}/event-test`);
  expect((await api.get(`/api/v1/events?${select}`)).items).toEqual([]);
});

test("Event, delete a collection", async () => {
  const { api } = suite;
  const namespace = await suite.namespace();
  const path = core(namespace, "events");
  const labels = { "testevent-set": "true" };
  for (const name of ["e-1", "e-2", "e-3"]) await api.create(path, coreEvent(namespace, name, labels));
  expect((await api.get(`${path}?${labelled("testevent-set=true")}`)).items).toHaveLength(3);
  await api.delete(`${path}?${labelled("testevent-set=true")}`);
  expect((await api.get(`${path}?${labelled("testevent-set=true")}`)).items).toEqual([]);
});
