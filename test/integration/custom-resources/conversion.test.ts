import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { JsonObject } from "../../../src/api/meta/index.ts";
import { type Cluster, createCluster } from "../../../src/index.ts";
import { Api, type Json } from "../../conformance/support/api.ts";
import { type Verdict, WebhookServer } from "../../support/webhook-server.ts";
import { definitionPath, definitionsPath, isEstablished, undefineAll, widgetDefinition } from "./definitions.ts";

const open = { type: "object", "x-kubernetes-preserve-unknown-fields": true };
const pathOf = (version: string) => `/apis/example.org/${version}/namespaces/default/widgets`;

/** v1 has `hostPort: "a:1"`, v2 has `host: a, port: "1"`. */
function converted(object: Json, apiVersion: string): Json {
  const { hostPort, host, port, ...rest } = object;
  if (apiVersion === "example.org/v2") {
    const [h, p] = String(hostPort ?? "").split(":");
    return { ...rest, apiVersion, host: h, port: p };
  }
  return { ...rest, apiVersion, hostPort: `${host}:${port}` };
}

describe("custom resources that a webhook converts", () => {
  let cluster: Cluster;
  let api: Api;
  let webhooks: WebhookServer;

  beforeAll(async () => {
    cluster = await createCluster({ nodes: false });
    api = new Api(cluster);
    webhooks = await WebhookServer.start();
  });

  afterAll(async () => {
    api?.close();
    webhooks?.stop();
    await cluster?.stop();
  });

  beforeEach(async () => {
    webhooks.hooks.set("/convert", ({ objects, desiredAPIVersion }: Json) => {
      const convertedObjects = objects.map((one: Json) => converted(one, desiredAPIVersion));
      return { result: { status: "Success" }, convertedObjects } as Verdict;
    });
    const versions = ["v1", "v2"].map((name) => ({
      name,
      served: true,
      storage: name === "v1",
      schema: { openAPIV3Schema: open },
    }));
    const webhook = { clientConfig: webhooks.clientConfig("/convert") as JsonObject, conversionReviewVersions: ["v1"] };
    await api.create(definitionsPath, widgetDefinition({}, { versions, conversion: { strategy: "Webhook", webhook } }));
    await api.until(definitionPath, isEstablished);
  });

  afterEach(() => undefineAll(api));

  const widgetOf = (name: string) => ({ kind: "Widget", metadata: { name, labels: { a: "b" } } });

  test("are stored in the storage version, and read, listed and watched in each", async () => {
    const watching = await api.watch(pathOf("v2"));
    await api.create(pathOf("v1"), { ...widgetOf("one"), apiVersion: "example.org/v1", hostPort: "a:1" });
    const made = await api.create(pathOf("v2"), {
      ...widgetOf("two"),
      apiVersion: "example.org/v2",
      host: "b",
      port: "2",
    });
    expect(made).toMatchObject({ apiVersion: "example.org/v2", host: "b", port: "2" });
    expect(await api.get(`${pathOf("v1")}/two`)).toMatchObject({ apiVersion: "example.org/v1", hostPort: "b:2" });
    const { items } = await api.get(pathOf("v2"));
    expect(items.map(({ host, metadata }: Json) => [metadata.name, host])).toEqual([
      ["one", "a"],
      ["two", "b"],
    ]);
    const seen = await watching.next(({ object }) => object.metadata.name === "two");
    expect(seen.object).toMatchObject({ apiVersion: "example.org/v2", host: "b" });
    watching.stop();
    await api.edit(`${pathOf("v2")}/one`, (object) => {
      object.port = "9";
    });
    expect((await api.get(`${pathOf("v1")}/one`)).hostPort).toBe("a:9");
    await api.delete(`${pathOf("v2")}/one`);
    expect(await api.statusOf(`${pathOf("v1")}/one`)).toBe(404);
    const asked = webhooks.asked.length;
    await api.get(pathOf("v2"));
    expect(webhooks.asked.length).toBe(asked);
  });

  test("are all read in the version asked for after the storage version has changed", async () => {
    await api.create(pathOf("v1"), { ...widgetOf("one"), apiVersion: "example.org/v1", hostPort: "a:1" });
    await api.edit(definitionPath, ({ spec }) => {
      for (const version of spec.versions) version.storage = version.name === "v2";
    });
    await api.create(pathOf("v2"), { ...widgetOf("two"), apiVersion: "example.org/v2", host: "b", port: "2" });
    for (const version of ["v1", "v2"]) {
      const { items } = await api.get(pathOf(version));
      expect(items.map(({ apiVersion }: Json) => apiVersion)).toEqual([
        `example.org/${version}`,
        `example.org/${version}`,
      ]);
    }
    expect((await api.get(definitionPath)).status.storedVersions).toEqual(["v1", "v2"]);
  });

  test("keep what a webhook may not change, and fail in the original's words when it does or is away", async () => {
    await api.create(pathOf("v1"), { ...widgetOf("one"), apiVersion: "example.org/v1", hostPort: "a:1" });
    const answers = async (convertedObjects: Json, result: Json = { status: "Success" }) => {
      webhooks.hooks.set("/convert", () => ({ result, convertedObjects }) as Verdict);
      await api.patch(`${pathOf("v1")}/one`, "merge", { metadata: { annotations: { now: String(Math.random()) } } });
      const { status, body } = await api.call("GET", `${pathOf("v2")}/one`);
      return [status, body.message];
    };
    const prefix = "conversion webhook for example.org/v1, Kind=Widget";
    expect(await answers([])).toEqual([500, `${prefix} returned 0 objects, expected 1`]);
    expect(await answers([], { status: "Failed", message: "no way" })).toEqual([500, `${prefix} failed: no way`]);
    const { metadata } = await api.get(`${pathOf("v1")}/one`);
    const wrong = { apiVersion: "example.org/v2", kind: "Widget", metadata: { ...metadata, name: "other" } };
    expect(await answers([wrong])).toEqual([
      500,
      `${prefix} returned invalid object: must have the same name: one != other`,
    ]);
    expect(await answers([{ ...wrong, apiVersion: "example.org/v9" }])).toEqual([
      500,
      `${prefix} returned invalid object at index 0: invalid groupVersion (expected example.org/v2, received example.org/v9)`,
    ]);
    const metrics = await api.call("GET", "/metrics");
    expect(metrics.text).toMatch(
      /apiserver_crd_conversion_webhook_duration_seconds_count\{[^}]*result="failure"[^}]*\} [1-9]/,
    );
  });
});
