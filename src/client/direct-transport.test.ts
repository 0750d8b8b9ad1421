import { expect, test } from "vitest";
import { deepFreeze } from "../api/meta/index.ts";
import { createClient } from "./client.ts";
import { directTransport } from "./direct-transport.ts";
import { configmaps } from "./resources.ts";
import { configMap, ScriptedServer } from "./scripted-server.ts";

test("the server gets a copy of its own, without members that are undefined, and answers with its very objects", async () => {
  const server = new ScriptedServer();
  const user = { name: "system:kube-scheduler", groups: [] };
  const client = createClient(directTransport(server, { user, userAgent: "kube-scheduler/v1" }));
  const mine = deepFreeze({ metadata: { namespace: "ns", name: "a", labels: undefined }, data: { x: "1" } });
  const made = await client.resource(configmaps).create(mine);
  const [request] = server.requests;
  expect(request).toMatchObject({ verb: "create", namespace: "ns", user, userAgent: "kube-scheduler/v1" });
  expect(request?.body).toEqual({
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: { namespace: "ns", name: "a" },
    data: { x: "1" },
  });
  expect(request?.body).not.toHaveProperty("metadata.labels");
  expect(made).toBe(request?.body);
  server.items = [configMap("b", "2")];
  expect((await client.resource(configmaps).list()).items[0]).toBe(server.items[0]);
});
