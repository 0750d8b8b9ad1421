import { expect, test } from "vitest";
import { testHost } from "../host/index.ts";
import { createClient } from "./client.ts";
import { directTransport } from "./direct-transport.ts";
import { createEventRecorder } from "./event-recorder.ts";
import { configMap, ScriptedServer } from "./scripted-server.ts";

function setup(form: "core" | "series" = "core") {
  const host = testHost();
  const server = new ScriptedServer();
  const client = createClient(directTransport(server, { user: { name: "c", groups: [] }, userAgent: "test/1" }));
  return { host, server, recorder: createEventRecorder({ client, host, component: "test-controller", form }) };
}

const about = configMap("web", "5");

test("writes a core event as the original does", async () => {
  const { server, recorder } = setup();
  recorder.event(about, "Normal", "Created", "made it");
  await recorder.flush();
  expect(server.requests[0]?.body).toEqual({
    apiVersion: "v1",
    kind: "Event",
    metadata: { name: expect.stringMatching(/^web\.[0-9a-f]{16}$/), namespace: "default" },
    involvedObject: {
      kind: "ConfigMap",
      namespace: "default",
      name: "web",
      uid: "uid-web",
      apiVersion: "v1",
      resourceVersion: "5",
    },
    reason: "Created",
    message: "made it",
    source: { component: "test-controller" },
    firstTimestamp: "2026-01-01T00:00:00Z",
    lastTimestamp: "2026-01-01T00:00:00Z",
    count: 1,
    type: "Normal",
    eventTime: null,
    reportingComponent: "test-controller",
    reportingInstance: "",
  });
});

test("counts an equal event up by a patch", async () => {
  const { host, server, recorder } = setup();
  recorder.event(about, "Normal", "Created", "made it");
  await host.clock.advance(2000);
  recorder.event(about, "Normal", "Created", "made it");
  await recorder.flush();
  const [first, second] = server.requests;
  const created = first?.body as { metadata: { name: string } };
  expect([second?.verb, second?.name]).toEqual(["patch", created.metadata.name]);
  expect(second?.body).toEqual({ count: 2, lastTimestamp: "2026-01-01T00:00:02Z", message: "made it" });
});

test("combines from the tenth similar event on", async () => {
  const { server, recorder } = setup();
  for (let index = 1; index <= 11; index++) recorder.event(about, "Normal", "Scaled", `to ${index}`);
  await recorder.flush();
  expect(server.requests.map((request) => request.verb)).toEqual([...Array(10).fill("create"), "patch"]);
  const messages = server.requests.map((request) => (request.body as { message: string }).message);
  expect(messages.slice(8)).toEqual([
    "to 9",
    "(combined from similar events): to 10",
    "(combined from similar events): to 11",
  ]);
});

test("drops what one source says about one object beyond 25 at once and one in five minutes", async () => {
  const { host, server, recorder } = setup();
  for (let index = 0; index < 40; index++) recorder.event(about, "Warning", `Reason${index}`, "no");
  await recorder.flush();
  expect(server.requests.length).toBe(25);
  await host.clock.advance(300_000);
  recorder.event(about, "Warning", "Late", "no");
  await recorder.flush();
  expect(server.requests.length).toBe(26);
});

test("events.k8s.io form: the second equal event makes a series", async () => {
  const { server, recorder } = setup("series");
  for (let index = 0; index < 3; index++) recorder.event(about, "Warning", "Failed", "no", { action: "Binding" });
  await recorder.flush();
  expect(server.requests.map((request) => request.verb)).toEqual(["create", "patch"]);
  expect(server.requests[0]?.body).toMatchObject({
    apiVersion: "events.k8s.io/v1",
    eventTime: "2026-01-01T00:00:00.000000Z",
    note: "no",
    action: "Binding",
    reportingController: "test-controller",
  });
  expect(server.requests[1]?.body).toEqual({ series: { count: 2, lastObservedTime: "2026-01-01T00:00:00.000000Z" } });
});

test("leaves the process to what is urgent, and writes what waits when it is stopped", async () => {
  const host = { ...testHost(), background: { turn: neverQuiet() } };
  const server = new ScriptedServer();
  const client = createClient(directTransport(server, { user: { name: "c", groups: [] }, userAgent: "test/1" }));
  const recorder = createEventRecorder({ client, host, component: "test-controller" });
  recorder.event(about, "Normal", "Created", "made it");
  recorder.event(about, "Normal", "Ended", "done with it");
  await host.clock.settle();
  expect(server.requests).toEqual([]);
  await recorder.stop();
  expect(server.requests.map(({ body }) => (body as { reason: string }).reason)).toEqual(["Created", "Ended"]);
});

/** A process that is never quiet. */
function neverQuiet() {
  return (_: string, signal?: AbortSignal): Promise<void> | undefined =>
    signal?.aborted ? undefined : new Promise((resolve) => signal?.addEventListener("abort", () => resolve()));
}
