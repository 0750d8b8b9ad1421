import { expect, test } from "vitest";
import { errors, statusOf } from "../api/meta/index.ts";
import { testHost } from "../host/index.ts";
import { createClient } from "./client.ts";
import { directTransport } from "./direct-transport.ts";
import { configmaps } from "./resources.ts";
import { configMap, ScriptedServer } from "./scripted-server.ts";
import { createInformerFactory } from "./shared-informer.ts";

async function start(items = [configMap("a", "1")]) {
  const host = testHost();
  const server = new ScriptedServer();
  server.items = items;
  const user = { name: "tester", groups: [] };
  const factory = createInformerFactory(createClient(directTransport(server, { user, userAgent: "test/1" })), host);
  const informer = factory.informer(configmaps);
  const seen: string[] = [];
  informer.addHandlers({
    add: (object, initial) => seen.push(`add ${object.metadata.name}${initial ? " at first" : ""}`),
    update: (old, object) =>
      seen.push(`update ${object.metadata.name} ${old.metadata.resourceVersion}-${object.metadata.resourceVersion}`),
    delete: (last) => seen.push(`delete ${last.metadata.name} ${last.metadata.resourceVersion}`),
  });
  factory.start();
  await host.clock.settle();
  return { host, server, factory, informer, seen };
}

test("holds the very objects that the server gave", async () => {
  const { informer, server } = await start();
  expect(informer.hasSynced()).toBe(true);
  expect(informer.store.get("default/a")).toBe(server.items[0]);
});

test("tells handlers of the first list and of each change, and keeps the version to continue from", async () => {
  const { informer, server, seen } = await start();
  server.lastWatch.sink.events([
    { type: "ADDED", object: configMap("b", "2") },
    { type: "MODIFIED", object: configMap("a", "3") },
    { type: "DELETED", object: configMap("b", "4") },
    { type: "BOOKMARK", object: configMap("", "9") },
  ]);
  expect(seen).toEqual(["add a at first", "add b", "update a 1-3", "delete b 4"]);
  expect(informer.lastResourceVersion).toBe("9");
});

test("watches again from where the watch ended", async () => {
  const { host, server } = await start();
  server.lastWatch.sink.events([{ type: "ADDED", object: configMap("b", "7") }]);
  server.lastWatch.sink.end();
  await host.clock.settle();
  expect(server.watches.length).toBe(2);
  expect(server.lastWatch.request.options.resourceVersion).toBe("7");
  expect(server.requests.filter((request) => request.verb === "list").length).toBe(1);
});

test("lists again when history is gone, and tells only what differs", async () => {
  const { host, server, seen } = await start([configMap("a", "1"), configMap("b", "2"), configMap("c", "3")]);
  seen.length = 0;
  server.items = [configMap("a", "1"), configMap("b", "8"), configMap("c", "9", { uid: "another" })];
  server.revision = 9;
  server.lastWatch.sink.events([{ type: "ERROR", status: statusOf(errors.resourceExpired("too old")) }]);
  await host.clock.settle();
  expect(seen).toEqual(["update b 2-8", "delete c 3", "add c"]);
  expect(server.lastWatch.request.options.resourceVersion).toBe("9");
});

test("tells of objects that vanished in a gap with the last version known", async () => {
  const { host, server, seen } = await start();
  seen.length = 0;
  server.items = [];
  server.lastWatch.sink.events([{ type: "ERROR", status: statusOf(errors.resourceExpired("too old")) }]);
  await host.clock.settle();
  expect(seen).toEqual(["delete a 1"]);
});

test("backs off while the server cannot be reached", async () => {
  const { host, server } = await start();
  server.failures = [errors.serviceUnavailable("down"), errors.serviceUnavailable("down")];
  server.lastWatch.sink.events([{ type: "ADDED", object: configMap("b", "7") }]);
  server.lastWatch.sink.end();
  await host.clock.settle();
  expect(server.watches.length).toBe(1);
  await host.clock.advance(6000);
  expect(server.watches.length).toBe(2);
});

test("takes a resource that is not served for one without objects, says so once, and looks for it now and then", async () => {
  const warnings: string[] = [];
  const log = { ...testHost().log, warn: (message: string) => void warnings.push(message) };
  const host = testHost({ log });
  const server = new ScriptedServer();
  server.failures = Array.from({ length: 5 }, () => errors.notFound({ group: "", resource: "configmaps" }, ""));
  const user = { name: "tester", groups: [] };
  const factory = createInformerFactory(createClient(directTransport(server, { user, userAgent: "test/1" })), host);
  const informer = factory.informer(configmaps);
  factory.start();
  await host.clock.settle();
  expect(informer.hasSynced()).toBe(true);
  await host.clock.advance(25_000);
  expect(server.requests.length).toBe(1);
  server.items = [configMap("a", "1")];
  await host.clock.advance(600_000);
  expect(informer.store.get("default/a")).toBe(server.items[0]);
  expect(warnings.length).toBe(1);
  factory.stop();
});

test("keeps what it knows while the server has forgotten the resource", async () => {
  const { host, server, informer } = await start();
  server.failures = [errors.notFound({ group: "", resource: "configmaps" }, "")];
  server.lastWatch.sink.events([{ type: "ERROR", status: statusOf(errors.resourceExpired("too old")) }]);
  await host.clock.settle();
  expect(informer.store.get("default/a")).toBeDefined();
});

test("keeps indexes, also one that is added late", async () => {
  const { informer, server } = await start([configMap("a", "1", { labels: { app: "x" } }), configMap("b", "2")]);
  const byApp = (object: { metadata: { labels?: Record<string, string> } }) => {
    const app = object.metadata.labels?.app;
    return app === undefined ? [] : [app];
  };
  informer.addIndexer("app", byApp);
  server.lastWatch.sink.events([
    { type: "MODIFIED", object: configMap("a", "3", { labels: { app: "y" } }) },
    { type: "MODIFIED", object: configMap("b", "4", { labels: { app: "y" } }) },
  ]);
  const names = (value: string) => informer.store.byIndex("app", value).map((object) => object.metadata.name);
  expect([names("x"), names("y")]).toEqual([[], ["a", "b"]]);
});

test("a late handler first gets all that is known", async () => {
  const { informer } = await start();
  const seen: string[] = [];
  informer.addHandlers({ add: (object) => seen.push(object.metadata.name ?? "") });
  expect(seen).toEqual(["a"]);
});

test("who asks for the same gets the same informer; stopping ends its watch", async () => {
  const { factory, informer, server, host } = await start();
  expect(factory.informer(configmaps)).toBe(informer);
  expect(factory.informer(configmaps, { namespace: "x" })).not.toBe(informer);
  factory.stop();
  await host.clock.settle();
  expect(server.watches.every((watch) => watch.stopped)).toBe(true);
  expect(host.clock.pending).toBe(0);
});
