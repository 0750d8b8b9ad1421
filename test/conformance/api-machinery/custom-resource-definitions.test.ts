import { expect, test } from "vitest";
import type { Json } from "../support/api.ts";
import {
  define,
  definitionBody,
  definitions,
  isEstablished,
  objectOf,
  versionOf,
} from "../support/custom-resources.ts";
import { conformanceSuite } from "../support/suite.ts";

const suite = conformanceSuite({ nodes: false });

test("Custom Resource Definition, create", async () => {
  const { api } = suite;
  const { path } = await define(api);
  await api.delete(path);
  await api.untilGone(path);
});

test("Custom Resource Definition, list", async () => {
  const { api } = suite;
  const labels = { "e2e-list-test": "ten" };
  const other = await define(api, { labels: { "e2e-list-test": "other" } });
  for (let i = 0; i < 10; i++) await api.create(definitions, definitionBody({ labels }));
  const selected = `${definitions}?labelSelector=e2e-list-test%3Dten`;
  expect((await api.get(selected)).items).toHaveLength(10);
  await api.delete(selected);
  await api.untilList(selected, (items) => items.length === 0);
  expect(await api.statusOf(other.path)).toBe(200);
});

test("Custom Resource Definition, status sub-resource", async () => {
  const { api } = suite;
  const { path } = await define(api);
  const read = await api.get(`${path}/status`);
  expect(isEstablished(read)).toBe(true);
  const condition = { type: "StatusUpdated", status: "True", reason: "E2E", message: "Set from an e2e test" };
  await api.edit(`${path}/status`, ({ status }) => {
    status.conditions.push(condition);
  });
  const updated = await api.get(path);
  expect(updated.status.conditions).toContainEqual(expect.objectContaining(condition));
  const patched = await api.patch(`${path}/status`, "merge", {
    metadata: { annotations: { patchedstatus: "true" } },
    status: { conditions: [...updated.status.conditions, { ...condition, type: "StatusPatched" }] },
  });
  expect(patched.status.conditions.map(({ type }: Json) => type)).toContain("StatusPatched");
  expect((await api.get(path)).status.conditions.map(({ type }: Json) => type)).toContain("StatusPatched");

  // A condition of which nothing but the message is said.
  const bare = { type: "", status: "", lastTransitionTime: null, message: "updated" };
  const withBare = await api.edit(`${path}/status`, ({ status }) => {
    status.conditions.push(bare);
  });
  expect(withBare.status.conditions.map(({ message }: Json) => message)).toContain("updated");
  const replaced = await api.patch(`${path}/status`, "json", [
    { op: "add", path: "/status/conditions", value: [{ message: "patched" }] },
  ]);
  expect(replaced.status.conditions.map(({ message }: Json) => message)).toContain("patched");
  await api.delete(path);
  await api.untilGone(path);
});

test("Custom Resource Definition, discovery", async () => {
  const { api } = suite;
  const group = (await api.get("/apis")).groups.find(({ name }: Json) => name === "apiextensions.k8s.io");
  expect(group.versions).toContainEqual({ groupVersion: "apiextensions.k8s.io/v1", version: "v1" });
  const alone = await api.get("/apis/apiextensions.k8s.io");
  expect(alone.versions).toContainEqual({ groupVersion: "apiextensions.k8s.io/v1", version: "v1" });
  const { resources } = await api.get("/apis/apiextensions.k8s.io/v1");
  expect(resources.map(({ name }: Json) => name)).toContain("customresourcedefinitions");
});

test("Custom Resource Definition, watch", async () => {
  const { api } = suite;
  const namespace = await suite.namespace();
  const one = await define(api, { kind: "WishIHadChosenNoxu" });
  const objects = one.objects(namespace);
  const make = (name: string) => objectOf(one, name, { content: { key: "value" } }, "v1", "WishIHadChosenNoxu");
  const watches = {
    a: await api.watch(objects, "fieldSelector=metadata.name%3Dname1"),
    b: await api.watch(objects, "fieldSelector=metadata.name%3Dname2"),
  };
  await api.create(objects, make("name1"));
  await watches.a.next(({ type }) => type === "ADDED");
  await api.create(objects, make("name2"));
  await watches.b.next(({ type }) => type === "ADDED");
  await api.patch(`${objects}/name1`, "merge", { dummy: "test" });
  expect((await watches.a.next(({ type }) => type === "MODIFIED")).object.dummy).toBe("test");
  await api.patch(`${objects}/name2`, "merge", { dummy: "test" });
  await watches.b.next(({ type }) => type === "MODIFIED");
  await api.delete(`${objects}/name1`);
  await watches.a.next(({ type }) => type === "DELETED");
  await api.delete(`${objects}/name2`);
  await watches.b.next(({ type }) => type === "DELETED");
  for (const watching of Object.values(watches)) watching.stop();
});

test("Custom Resource Definition, defaulting", async () => {
  const { api } = suite;
  const namespace = await suite.namespace();
  const field = { type: "string" };
  const schema = { type: "object", properties: { a: field, b: field } };
  const one = await define(api, { versions: [versionOf("v1", schema)] });
  const objects = one.objects(namespace);
  const setDefaults = async (defaults: Record<string, string>): Promise<void> => {
    await api.edit(one.path, ({ spec }) => {
      const { properties } = spec.versions[0].schema.openAPIV3Schema;
      for (const name of ["a", "b"]) {
        if (defaults[name] === undefined) delete properties[name].default;
        else properties[name].default = defaults[name];
      }
    });
  };
  const read = async (name: string): Promise<Json> => {
    const { a, b } = await api.get(`${objects}/${name}`);
    return { a, b };
  };
  await api.create(objects, objectOf(one, "first"));
  expect(await read("first")).toEqual({});
  await setDefaults({ a: "A" });
  await expect.poll(() => read("first")).toEqual({ a: "A" });
  const second = await api.create(objects, objectOf(one, "second"));
  expect(second.a).toBe("A");
  await setDefaults({ b: "B" });
  await expect.poll(() => read("second")).toEqual({ a: "A", b: "B" });
  // The first was never written with a default: it only has the one of now.
  expect(await read("first")).toEqual({ b: "B" });
});

test("Aggregated Discovery Interface CRDs", async () => {
  const { api } = suite;
  const one = await define(api, { kind: "Aggregated" });
  const { version, resources } = await aggregated(one.group);
  expect([version, resources.map(({ resource }: Json) => resource)]).toEqual(["v1", ["aggregateds"]]);
});

test("Aggregated Discovery Endpoint Accept Headers CRDs", async () => {
  const { api } = suite;
  const one = await define(api, { kind: "Raw" });
  const [before] = [await etag()];
  expect((await aggregated(one.group)).resources[0]).toMatchObject({
    resource: "raws",
    responseKind: { kind: "Raw" },
    scope: "Namespaced",
    singularResource: "raw",
  });
  const headers = { accept: aggregatedType, "if-none-match": before ?? "" };
  expect((await api.call("GET", "/apis", { headers })).status).toBe(304);
  await api.delete(one.path);
  await api.untilGone(one.path);
  expect((await api.call("GET", "/apis", { headers })).status).toBe(200);
});

const aggregatedType = "application/json;as=APIGroupDiscoveryList;v=v2;g=apidiscovery.k8s.io";

async function etag(): Promise<string | undefined> {
  return (await suite.api.call("GET", "/apis", { headers: { accept: aggregatedType } })).headers.etag;
}

/** The first version of a group in aggregated discovery. */
async function aggregated(group: string): Promise<Json> {
  const { body } = await suite.api.call("GET", "/apis", { headers: { accept: aggregatedType } });
  return body.items.find(({ metadata }: Json) => metadata.name === group).versions[0];
}
