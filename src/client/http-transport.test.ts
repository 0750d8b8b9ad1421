import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, expect, test } from "vitest";
import { errors, statusOf } from "../api/meta/index.ts";
import { testHost } from "../host/index.ts";
import { createClient } from "./client.ts";
import { httpTransport } from "./http-transport.ts";
import { deployments, pods } from "./resources.ts";
import type { WatchEvent } from "./transport.ts";

let server: Server | undefined;
let close: (() => void) | undefined;
afterEach(() => {
  close?.();
  server?.closeAllConnections();
  server?.close();
});

interface Seen {
  method?: string;
  url?: string;
  contentType?: string;
  authorization?: string;
  body: string;
}

async function start(answer: (request: Seen, response: ServerResponse) => void) {
  const seen: Seen[] = [];
  server = createServer(async (request: IncomingMessage, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const { method, url, headers } = request;
    const body = Buffer.concat(chunks).toString();
    const one = { method, url, contentType: headers["content-type"], authorization: headers.authorization, body };
    seen.push(one);
    answer(one, response);
  });
  await new Promise<void>((resolve) => server?.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const host = testHost();
  const transport = httpTransport(
    { server: `http://127.0.0.1:${port}`, token: "secret" },
    { host, userAgent: "test/1" },
  );
  close = () => transport.close?.();
  return { seen, host, client: createClient(transport) };
}

const pod = { apiVersion: "v1", kind: "Pod", metadata: { name: "p" } };

test("verbs become the paths, queries and bodies of the API", async () => {
  const { seen, client } = await start((_, response) => response.end(JSON.stringify(pod)));
  const key = { namespace: "ns", name: "p" };
  await client.resource(pods).get(key);
  await client.resource(pods).patch(key, "strategic", { a: 1 }, { fieldManager: "me" });
  await client.resource(pods).delete(key, { gracePeriodSeconds: 0 });
  await client.resource(deployments).subresource("scale").get({ namespace: "ns", name: "d" });
  expect(seen.map(({ method, url }) => `${method} ${url}`)).toEqual([
    "GET /api/v1/namespaces/ns/pods/p",
    "PATCH /api/v1/namespaces/ns/pods/p?fieldManager=me",
    "DELETE /api/v1/namespaces/ns/pods/p",
    "GET /apis/apps/v1/namespaces/ns/deployments/d/scale",
  ]);
  expect(seen[1]?.contentType).toBe("application/strategic-merge-patch+json");
  expect(JSON.parse(seen[2]?.body ?? "")).toEqual({ apiVersion: "v1", kind: "DeleteOptions", gracePeriodSeconds: 0 });
  expect(seen[0]?.authorization).toBe("Bearer secret");
});

test("items of a list know their kind", async () => {
  const list = {
    apiVersion: "v1",
    kind: "PodList",
    metadata: { resourceVersion: "5" },
    items: [{ metadata: { name: "p" } }],
  };
  const { seen, client } = await start((_, response) => response.end(JSON.stringify(list)));
  const listed = await client.resource(pods).list({ labelSelector: "a=b" });
  expect(listed).toEqual({ metadata: { resourceVersion: "5" }, items: [pod] });
  expect(seen[0]?.url).toBe("/api/v1/pods?labelSelector=a%3Db");
});

test("a refusal in plain text has the reason of its code", async () => {
  const { client } = await start((_, response) => {
    response.statusCode = 404;
    response.end("404 page not found\n");
  });
  await expect(client.resource(pods).list()).rejects.toMatchObject({
    code: 404,
    reason: "NotFound",
    message: "404 page not found",
  });
});

test("a refusal is the server's own Status", async () => {
  const { client } = await start((_, response) => {
    response.statusCode = 404;
    response.end(JSON.stringify(statusOf(errors.notFound({ group: "", resource: "pods" }, "p"))));
  });
  await expect(client.resource(pods).get({ namespace: "ns", name: "p" })).rejects.toMatchObject({
    reason: "NotFound",
    code: 404,
  });
  expect(await client.resource(pods).find({ namespace: "ns", name: "p" })).toBeUndefined();
});

test("waits as long as the server asks before it tries again", async () => {
  let calls = 0;
  const { client, host } = await start((_, response) => {
    calls++;
    if (calls === 1) response.writeHead(429, { "retry-after": "3" });
    response.end(JSON.stringify(pod));
  });
  const getting = client.resource(pods).get({ namespace: "ns", name: "p" });
  while (host.clock.pending === 0) await new Promise((resolve) => setImmediate(resolve));
  expect(calls).toBe(1);
  await host.clock.advance(3000);
  expect((await getting).metadata.name).toBe("p");
});

test("a watch gives events however the bytes are cut, and tells when it ends", async () => {
  const lines = [
    { type: "ADDED", object: { ...pod, metadata: { name: "ä" } } },
    { type: "BOOKMARK", object: pod },
  ].map((event) => Buffer.from(`${JSON.stringify(event)}\n`));
  const bytes = Buffer.concat(lines);
  const { client, seen } = await start((_, response) => {
    for (let at = 0; at < bytes.length; at += 7) response.write(bytes.subarray(at, at + 7));
    response.end();
  });
  const events: WatchEvent[] = [];
  await new Promise<void>((resolve) => {
    void client
      .resource(pods)
      .watch({ namespace: "ns", resourceVersion: "3" }, { events: (batch) => events.push(...batch), end: resolve });
  });
  expect(events.map((event) => [event.type, event.type === "ERROR" ? "" : event.object.metadata.name])).toEqual([
    ["ADDED", "ä"],
    ["BOOKMARK", "p"],
  ]);
  expect(seen[0]?.url).toBe("/api/v1/namespaces/ns/pods?watch=true&resourceVersion=3");
});

test("a server that cannot be reached is an error that names the request", async () => {
  const transport = httpTransport({ server: "http://127.0.0.1:1" }, { host: testHost(), userAgent: "test/1" });
  const getting = createClient(transport).resource(pods).get({ namespace: "ns", name: "p" });
  await expect(getting).rejects.toMatchObject({
    code: 503,
    message: expect.stringContaining("GET http://127.0.0.1:1/api/v1/namespaces/ns/pods/p"),
  });
});
