import { expect, test } from "vitest";
import { errors, type KubeObject } from "../api/meta/index.ts";
import { testHost } from "../host/index.ts";
import { createClient } from "./client.ts";
import { runWhenLeading } from "./leader-election.ts";
import type { Transport } from "./transport.ts";

/** One lease with compare-and-swap, which is all that leader election relies on. */
function oneLease(): Transport & { lease?: KubeObject; down: boolean } {
  let revision = 0;
  const gr = { group: "coordination.k8s.io", resource: "leases" };
  const server: Transport & { lease?: KubeObject; down: boolean } = {
    down: false,
    watch: async () => ({ stop: () => undefined }),
    request: async (request) => {
      if (server.down) throw errors.serviceUnavailable("down");
      const body = request.body as KubeObject;
      if (request.verb === "get") {
        if (server.lease === undefined) throw errors.notFound(gr, "l");
        return { kind: "object", object: server.lease };
      }
      const stale =
        request.verb === "create"
          ? server.lease !== undefined
          : body.metadata.resourceVersion !== server.lease?.metadata.resourceVersion;
      if (stale) throw errors.conflict(gr, "l", "changed");
      server.lease = { ...body, metadata: { ...body.metadata, resourceVersion: String(++revision) } };
      return { kind: "object", object: server.lease };
    },
  };
  return server;
}

function candidates() {
  const host = testHost();
  const server = oneLease();
  const leaders: string[] = [];
  const start = (identity: string) => {
    const stop = new AbortController();
    const options = {
      client: createClient(server),
      host,
      namespace: "kube-system",
      name: "l",
      identity,
      signal: stop.signal,
    };
    const ended = runWhenLeading(options, async (signal) => {
      leaders.push(`${identity} leads`);
      await new Promise((resolve) => signal.addEventListener("abort", resolve));
      leaders.push(`${identity} ends`);
    });
    return { stop: () => stop.abort(), ended };
  };
  return { host, server, leaders, start };
}

test("one leads, and the next when the first gives the lease back", async () => {
  const { host, leaders, start } = candidates();
  const first = start("a");
  await host.clock.settle();
  const second = start("b");
  await host.clock.advance(60_000);
  expect(leaders).toEqual(["a leads"]);
  first.stop();
  await first.ended;
  await host.clock.advance(10_000);
  expect(leaders).toEqual(["a leads", "a ends", "b leads"]);
  second.stop();
  await second.ended;
});

test("who cannot renew stops leading before anybody else may lead", async () => {
  const { host, server, leaders, start } = candidates();
  const first = start("a");
  await host.clock.settle();
  server.down = true;
  await host.clock.advance(12_000);
  await first.ended;
  expect(leaders).toEqual(["a leads", "a ends"]);
});
