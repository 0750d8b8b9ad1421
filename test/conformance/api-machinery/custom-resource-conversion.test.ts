import { expect, test } from "vitest";
import { createInformerFactory } from "../../../src/client/index.ts";
import { silentLogger, systemHost } from "../../../src/host/index.ts";
import type { Verdict } from "../../support/webhook-server.ts";
import type { Json } from "../support/api.ts";
import { type Defined, define, objectOf, openSchema, versionOf } from "../support/custom-resources.ts";
import { conformanceSuite } from "../support/suite.ts";
import { webhookSuite } from "../support/webhooks.ts";

const suite = conformanceSuite({ nodes: false });
const webhooks = webhookSuite(suite);

/** v1 has `hostPort: "localhost:8080"`, v2 has `host: localhost, port: "8080"`. */
function converted(object: Json, apiVersion: string): Json {
  const { hostPort, host, port, ...rest } = object;
  if (!apiVersion.endsWith("/v2")) return { ...rest, apiVersion, hostPort: `${host}:${port}` };
  const [h, p] = String(hostPort ?? "").split(":");
  return { ...rest, apiVersion, host: h, port: p };
}

async function defineConverted(versions: readonly Json[]): Promise<Defined> {
  const path = webhooks.hook("/crdconvert", ({ objects, desiredAPIVersion }) => {
    const convertedObjects = objects.map((one: Json) =>
      one.apiVersion === desiredAPIVersion ? one : converted(one, desiredAPIVersion),
    );
    return { result: { status: "Success" }, convertedObjects } as Verdict;
  });
  const webhook = {
    clientConfig: webhooks.server.clientConfig(path),
    conversionReviewVersions: ["v1", "v1beta1"],
  };
  return define(suite.api, { versions, spec: { conversion: { strategy: "Webhook", webhook } } });
}

const bothVersions = [versionOf("v1", openSchema), versionOf("v2", openSchema)];

test("Custom Resource Definition Conversion Webhook, conversion custom resource", async () => {
  const { api } = suite;
  const namespace = await suite.namespace();
  const one = await defineConverted(bothVersions);
  await api.create(one.objects(namespace), objectOf(one, "cr-instance-1", { hostPort: "localhost:8080" }));
  const read = await api.get(`${one.objects(namespace, "v2")}/cr-instance-1`);
  expect(read).toMatchObject({ apiVersion: `${one.group}/v2`, host: "localhost", port: "8080" });
  expect(read.hostPort).toBeUndefined();
});

test("Custom Resource Definition Conversion Webhook, convert mixed version list", async () => {
  const { api } = suite;
  const namespace = await suite.namespace();
  const one = await defineConverted(bothVersions);
  const fields = { hostPort: "localhost:8080" };
  await api.create(one.objects(namespace), objectOf(one, "cr-instance-1", fields));
  await api.edit(one.path, ({ spec }) => {
    for (const version of spec.versions) version.storage = version.name === "v2";
  });
  await api.create(one.objects(namespace), objectOf(one, "cr-instance-2", fields));
  for (const version of ["v1", "v2"]) {
    const { items } = await api.get(one.objects(namespace, version));
    expect(items).toHaveLength(2);
    for (const item of items) {
      expect(item.apiVersion).toBe(`${one.group}/${version}`);
      expect(item).toMatchObject(version === "v1" ? fields : { host: "localhost", port: "8080" });
    }
  }
});

test("custom-resource-definition-field-selectors-list-watch-register-informers", async () => {
  const { api, cluster } = suite;
  const namespace = await suite.namespace();
  const text = { type: "string" };
  const v1 = { type: "object", properties: { hostPort: text } };
  const v2 = { type: "object", properties: { host: text, port: text } };
  const one = await defineConverted([
    versionOf("v1", v1, { selectableFields: [{ jsonPath: ".hostPort" }] }),
    versionOf("v2", v2, { selectableFields: [{ jsonPath: ".host" }, { jsonPath: ".port" }] }),
  ]);
  const objects = (version: string) => one.objects(namespace, version);
  for (const [name, hostPort] of Object.entries({ cr1: "host1:80", cr2: "host1:8080", cr3: "host2:80" })) {
    await api.create(objects("v1"), objectOf(one, name, { hostPort }));
  }
  const selected = async (version: string, selector: string): Promise<string[]> => {
    const { items } = await api.get(`${objects(version)}?fieldSelector=${encodeURIComponent(selector)}`);
    return items.map(({ metadata }: Json) => metadata.name);
  };
  expect(await selected("v1", "hostPort=host1:80")).toEqual(["cr1"]);
  expect(await selected("v2", "host=host1")).toEqual(["cr1", "cr2"]);
  expect(await selected("v2", "host=host1,port=80")).toEqual(["cr1"]);
  expect((await api.call("GET", `${objects("v1")}?fieldSelector=host%3Dhost1`)).status).toBe(400);

  const watching = await api.watch(objects("v2"), "fieldSelector=host%3Dhost1");
  const seen = [await watching.next(), await watching.next()].map(({ object }) => object.metadata.name);
  expect(seen.sort()).toEqual(["cr1", "cr2"]);
  const type = { group: one.group, version: "v2", resource: "foos", kind: "Foo", namespaced: true };
  const informers = createInformerFactory(cluster.client(), { ...systemHost(), log: silentLogger });
  const informer = informers.informer(type, { fieldSelector: "host=host1" });
  informers.start();
  await informer.whenSynced();
  const known = () => [...informer.store.list()].map(({ metadata }) => metadata.name).sort();
  expect(known()).toEqual(["cr1", "cr2"]);

  await api.delete(`${objects("v1")}/cr1`);
  await watching.next(({ type, object }) => type === "DELETED" && object.metadata.name === "cr1");
  await api.patch(`${objects("v1")}/cr2`, "merge", { hostPort: "host2:8080" });
  await watching.next(({ type, object }) => type === "DELETED" && object.metadata.name === "cr2");
  await api.patch(`${objects("v1")}/cr3`, "merge", { hostPort: "host1:1" });
  await watching.next(({ type, object }) => type === "ADDED" && object.metadata.name === "cr3");
  await expect.poll(known).toEqual(["cr3"]);
  informers.stop();
  watching.stop();
});

test("custom-resource-definition-field-selectors-list-watch-register-informers, watched before there is anything", async () => {
  const { api } = suite;
  const namespace = await suite.namespace();
  const text = { type: "string" };
  const one = await defineConverted([
    versionOf(
      "v1",
      { type: "object", properties: { hostPort: text } },
      { selectableFields: [{ jsonPath: ".hostPort" }] },
    ),
    versionOf(
      "v2",
      { type: "object", properties: { host: text, port: text } },
      { selectableFields: [{ jsonPath: ".host" }, { jsonPath: ".port" }] },
    ),
  ]);
  const v2 = one.objects(namespace, "v2");
  const select = (selector: string) => `fieldSelector=${encodeURIComponent(selector)}`;
  const watches = [
    { stream: await api.watch(v2, select("host=host1")), names: ["cr0", "cr1"] },
    { stream: await api.watch(v2, select("host=host1,port=80")), names: ["cr0"] },
    { stream: await api.watch(one.objects(namespace), select("hostPort=host1:80")), names: ["cr0"] },
  ];
  const specs = [{ host: "host1", port: "80" }, { host: "host1", port: "8080" }, { host: "host2" }];
  for (const [i, spec] of specs.entries()) await api.create(v2, objectOf(one, `cr${i}`, spec, "v2"));
  const listed = async (path: string, selector: string) =>
    (await api.get(`${path}?${select(selector)}`)).items.map(({ metadata }: Json) => metadata.name);
  expect(await listed(one.objects(namespace), "hostPort=host1:8080")).toEqual(["cr1"]);
  for (const { stream, names } of watches) {
    for (const name of names) {
      const { type, object } = await stream.next();
      expect([type, object.metadata.name]).toEqual(["ADDED", name]);
    }
  }
  await api.delete(`${v2}?${select("host=host1,port=80")}`, { gracePeriodSeconds: 0 });
  await api.edit(`${v2}/cr1`, (object) => {
    object.host = "host2";
  });
  expect(await listed(v2, "host=host1")).toEqual([]);
  expect(await listed(v2, "host=host1,port=80")).toEqual([]);
  for (const { stream, names } of watches) {
    for (const name of names) {
      const { type, object } = await stream.next();
      expect([type, object.metadata.name]).toEqual(["DELETED", name]);
    }
    stream.stop();
  }
});
