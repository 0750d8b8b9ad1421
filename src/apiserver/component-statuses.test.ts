import { expect, test } from "vitest";
import { builtinKinds, createKindRegistry } from "../api/kinds/index.ts";
import { withComponentStatuses } from "./component-statuses.ts";
import type { ApiHandler, ApiRequest } from "./request.ts";

const own: ApiHandler = {
  handle: () => Promise.reject(new Error("not for it")),
  watch: () => Promise.reject(new Error("not for it")),
};
const components = [
  { name: "scheduler", check: () => Promise.reject(new Error("connection refused")) },
  { name: "etcd-0", check: () => {} },
];
const handler = withComponentStatuses(own, createKindRegistry(builtinKinds()), components);
const asked: Omit<ApiRequest, "verb"> = {
  group: "",
  version: "v1",
  resource: "componentstatuses",
  options: {},
  user: { name: "admin", groups: [] },
};
const well = { type: "Healthy", status: "True", message: "ok" };
const ill = { type: "Healthy", status: "False", message: "connection refused" };

test("a list asks every component how it is, and tells that the API is deprecated", async () => {
  expect(await handler.handle({ ...asked, verb: "list" })).toMatchObject({
    listKind: "ComponentStatusList",
    items: [
      { object: { metadata: { name: "scheduler" }, conditions: [ill] } },
      { object: { metadata: { name: "etcd-0" }, conditions: [well] } },
    ],
    warnings: ["v1 ComponentStatus is deprecated in v1.19+"],
  });
});

test("one is found by its name, and a list by fields", async () => {
  expect(await handler.handle({ ...asked, verb: "get", name: "etcd-0" })).toMatchObject({
    code: 200,
    object: { kind: "ComponentStatus", conditions: [well] },
  });
  const options = { fieldSelector: "metadata.name=scheduler" };
  expect(await handler.handle({ ...asked, verb: "list", options })).toMatchObject({ items: [{ object: {} }] });
  await expect(handler.handle({ ...asked, verb: "get", name: "other" })).rejects.toThrow(
    'componentstatuses "other" not found',
  );
});

test("all else is left to the objects' handler", async () => {
  await expect(handler.handle({ ...asked, resource: "pods", verb: "list" })).rejects.toThrow("not for it");
});
