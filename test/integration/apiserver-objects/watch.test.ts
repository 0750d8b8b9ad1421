import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { WatchEvent } from "../../../src/apiserver/index.ts";
import { configMap, type TestServer, testServer } from "./server.ts";

const place = { resource: "configmaps", namespace: "default" } as const;

const told = (events: readonly WatchEvent[]) =>
  events.map((event) => ("object" in event ? `${event.type} ${event.object.metadata.name ?? ""}`.trim() : event.type));

async function label(server: TestServer, name: string, value: string): Promise<void> {
  const body = { metadata: { labels: { on: value } } };
  await server.object({ ...place, verb: "patch", name, patchType: "application/merge-patch+json", body });
}

describe("a watch", () => {
  it("begins with what is there and goes on with what happens", async () => {
    const server = testServer();
    await server.object({ ...place, verb: "create", body: configMap("a") });
    const watch = await server.watch(place);
    await server.host.clock.settle();
    await server.object({ ...place, verb: "create", body: configMap("b") });
    await server.request({ ...place, verb: "delete", name: "a" });
    expect(told(watch.events)).toEqual(["ADDED a", "ADDED b", "DELETED a"]);
  });

  it("from a revision tells what came after it", async () => {
    const server = testServer();
    const { metadata } = await server.object({ ...place, verb: "create", body: configMap("a") });
    await server.object({ ...place, verb: "create", body: configMap("b") });
    const watch = await server.watch({ ...place, options: { resourceVersion: metadata.resourceVersion } });
    expect(told(watch.events)).toEqual(["ADDED b"]);
  });

  it("tells of objects that come into its selector and leave it", async () => {
    const server = testServer();
    await server.object({ ...place, verb: "create", body: configMap("a") });
    const watch = await server.watch({ ...place, options: { labelSelector: "on=yes" } });
    await server.host.clock.settle();
    await label(server, "a", "yes");
    await label(server, "a", "no");
    await label(server, "a", "maybe");
    expect(told(watch.events)).toEqual(["ADDED a", "DELETED a"]);
  });

  it("of one name does not hear of names that begin alike", async () => {
    const server = testServer();
    const watch = await server.watch({ ...place, options: { fieldSelector: "metadata.name=a" } });
    await server.host.clock.settle();
    await server.object({ ...place, verb: "create", body: configMap("ab") });
    await server.object({ ...place, verb: "create", body: configMap("a") });
    expect(told(watch.events)).toEqual(["ADDED a"]);
  });

  it("of a node's pods hears of those that come to it and leave it, from a revision on and live", async () => {
    const server = testServer();
    const create = (name: string, nodeName?: string) => {
      const spec = { containers: [{ name: "c", image: "i" }], ...(nodeName && { nodeName }) };
      const body = { metadata: { name }, spec };
      return server.object({ verb: "create", resource: "pods", namespace: "default", body });
    };
    await create("a", "n1");
    const watches = await Promise.all(
      ["n1", "n2"].map((node) =>
        server.watch({ resource: "pods", options: { fieldSelector: `spec.nodeName=${node}`, resourceVersion: "0" } }),
      ),
    );
    await server.host.clock.settle();
    await create("b", "n2");
    await create("c");
    const binding = {
      apiVersion: "v1",
      kind: "Binding",
      metadata: { name: "c" },
      target: { kind: "Node", name: "n1" },
    };
    const pod = { resource: "pods", namespace: "default" } as const;
    await server.request({ ...pod, verb: "create", name: "c", subresource: "binding", body: binding });
    const late = await server.watch({ ...pod, options: { fieldSelector: "spec.nodeName=n1", resourceVersion: "1" } });
    await server.request({ ...pod, verb: "delete", name: "c", options: { gracePeriodSeconds: 0 } });
    expect(watches.map((watch) => told(watch.events))).toEqual([
      ["ADDED a", "ADDED c", "MODIFIED c", "DELETED c"],
      ["ADDED b"],
    ]);
    expect(told(late.events)).toEqual(["ADDED c", "MODIFIED c", "DELETED c"]);
  });

  it("from a revision that is no longer kept gets 410 as an event and ends", async () => {
    const server = testServer();
    for (const name of ["a", "b", "c"]) await server.object({ ...place, verb: "create", body: configMap(name) });
    await server.store.compact(3);
    const watch = await server.watch({ ...place, options: { resourceVersion: "1" } });
    expect(watch.events).toMatchObject([{ type: "ERROR", status: { code: 410, reason: "Expired" } }]);
    expect(watch.ended).toBe(true);
  });

  it("marks the end of the initial events, and bookmarks every minute", async () => {
    const server = testServer();
    await server.object({ ...place, verb: "create", body: configMap("a") });
    const watch = await server.watch({
      ...place,
      options: { sendInitialEvents: true, resourceVersionMatch: "NotOlderThan", allowWatchBookmarks: true },
    });
    await server.host.clock.settle();
    expect(watch.events[1]).toMatchObject({
      type: "BOOKMARK",
      object: { metadata: { resourceVersion: "1", annotations: { "k8s.io/initial-events-end": "true" } } },
    });
    await server.host.clock.advance(61_000);
    expect(watch.events[2]).toMatchObject({ type: "BOOKMARK", object: { metadata: { resourceVersion: "1" } } });
    watch.stop();
  });

  it("ends when its time is up", async () => {
    const server = testServer();
    const watch = await server.watch({ ...place, options: { timeoutSeconds: 10 } });
    await server.host.clock.advance(10_000);
    expect(watch.ended).toBe(true);
  });

  it("cuts off a watcher that does not read", async () => {
    const server = testServer();
    let ended = false;
    const end = () => {
      ended = true;
    };
    const request = { ...place, verb: "watch", group: "", version: "v1", options: { resourceVersion: "0" } } as const;
    await server.handler.watch(
      { ...request, user: { name: "slow", groups: [] } },
      { events: () => {}, backlog: () => 1e9, end },
    );
    await server.host.clock.advance(120_000);
    expect(ended).toBe(true);
  });

  it("after a list gives the state that a later list shows", async () => {
    const step = fc.record({
      name: fc.constantFrom("a", "b", "c", "d"),
      action: fc.constantFrom("put", "on", "off", "delete"),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 30 }), fc.nat({ max: 30 }), async (steps, begin) => {
        const server = testServer();
        const options = { labelSelector: "on=yes" };
        let seen = new Map<string, string | undefined>();
        let watch: Awaited<ReturnType<TestServer["watch"]>> | undefined;
        for (const [index, { name, action }] of steps.entries()) {
          if (index === begin) {
            const answer = await server.request({ ...place, verb: "list", options });
            if (answer.kind !== "list") throw new Error("no list");
            seen = new Map(
              answer.items.map(({ object: { metadata } }) => [metadata.name ?? "", metadata.resourceVersion]),
            );
            const { resourceVersion } = answer.metadata;
            if (resourceVersion !== "0")
              watch = await server.watch({ ...place, options: { ...options, resourceVersion } });
          }
          await act(server, name, action);
        }
        if (watch === undefined) return;
        for (const event of watch.events) {
          if (!("object" in event)) throw new Error(event.type);
          const { name = "", resourceVersion } = event.object.metadata;
          if (event.type === "DELETED") seen.delete(name);
          else seen.set(name, resourceVersion);
        }
        const end = await server.items({ ...place, options });
        const expected = end.map(({ metadata }) => [metadata.name, metadata.resourceVersion]);
        expect([...seen].sort()).toEqual(expected.sort());
        watch.stop();
      }),
      { numRuns: 60 },
    );
  });
});

async function act(server: TestServer, name: string, action: string): Promise<void> {
  try {
    if (action === "put")
      await server.object({ ...place, verb: "create", body: configMap(name, {}, { labels: { on: "yes" } }) });
    else if (action === "delete") await server.request({ ...place, verb: "delete", name });
    else await label(server, name, action === "on" ? "yes" : "no");
  } catch {
    // a step that does not fit the state (already there, not there) is part of the game
  }
}
