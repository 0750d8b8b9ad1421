import { afterEach, beforeEach, expect, test } from "vitest";
import { builtinKinds, createKindRegistry, type KindRegistry, type ResourceKind } from "../../../api/kinds/index.ts";
import type { APIService } from "../../../api/types/index.ts";
import { type TestHost, testHost } from "../../../host/index.ts";
import { createMemoryStore, type Store } from "../../../store/index.ts";
import { createApiHandler } from "../../handlers/index.ts";
import type { Keeper } from "../../keepers/index.ts";
import type { ApiHandler, ApiRequest } from "../../request.ts";
import { keepLocalServices } from "./local-services.ts";

let host: TestHost;
let store: Store;
let kinds: KindRegistry;
let handler: ApiHandler;
let keeper: Keeper;

beforeEach(async () => {
  host = testHost();
  store = createMemoryStore(host);
  kinds = createKindRegistry(builtinKinds());
  handler = createApiHandler({ host, store, kinds });
  await restart();
});
afterEach(async () => {
  await keeper.close();
  await store.close();
});

async function restart(): Promise<void> {
  await keeper?.close();
  keeper = await keepLocalServices({ host, store, kinds, handler });
}

const target = { group: "apiregistration.k8s.io", version: "v1", resource: "apiservices", options: {} };
const user = { name: "admin", groups: ["system:masters"] };

async function services(): Promise<APIService[]> {
  await host.clock.settle();
  const answer = await handler.handle({ ...target, verb: "list", user });
  return answer.kind === "list" ? answer.items.map(({ object }) => object as APIService) : [];
}

const find = async (name: string) => (await services()).find(({ metadata }) => metadata.name === name);
const write = (request: Pick<ApiRequest, "verb" | "name" | "body" | "patchType">) =>
  handler.handle({ ...target, ...request, user });

function widgets(): ResourceKind {
  const pods = kinds.byResource("", "v1", "pods");
  if (!pods) throw new Error("pods are built in");
  return { ...pods, group: "example.org", version: "v1", resource: "widgets", kind: "Widget" };
}

const managed = "kube-aggregator.kubernetes.io/automanaged";

test("each group version that is served at the start has one, but for that of APIServices themselves", async () => {
  const all = await services();
  expect(all).toHaveLength(kinds.groupVersions().length - 1);
  expect(all.find(({ metadata }) => metadata.name === "v1.apps")).toMatchObject({
    metadata: { labels: { [managed]: "onstart" } },
    spec: { group: "apps", version: "v1", groupPriorityMinimum: 17800, versionPriority: 15 },
    status: { conditions: [{ type: "Available", status: "True", reason: "Local" }] },
  });
  expect(await find("v1.")).toMatchObject({ spec: { version: "v1", groupPriorityMinimum: 18000, versionPriority: 1 } });
});

test("one of a built-in group that somebody deletes or changes is put right at the next start only", async () => {
  await write({ verb: "delete", name: "v1.apps" });
  const body = { spec: { versionPriority: 7 } };
  await write({ verb: "patch", name: "v1.batch", patchType: "application/merge-patch+json", body });
  expect(await find("v1.apps")).toBeUndefined();
  expect((await find("v1.batch"))?.spec.versionPriority).toBe(7);
  await restart();
  expect(await find("v1.apps")).toBeDefined();
  expect((await find("v1.batch"))?.spec.versionPriority).toBe(15);
});

test("one of a custom group comes and goes with it, and is put right at once", async () => {
  kinds.change({ add: [widgets()] });
  expect(await find("v1.example.org")).toMatchObject({
    metadata: { labels: { [managed]: "true" } },
    spec: { group: "example.org", version: "v1", groupPriorityMinimum: 1000, versionPriority: 100 },
  });
  const body = { spec: { versionPriority: 7 } };
  await write({ verb: "patch", name: "v1.example.org", patchType: "application/merge-patch+json", body });
  expect((await find("v1.example.org"))?.spec.versionPriority).toBe(100);
  await write({ verb: "delete", name: "v1.example.org" });
  expect(await find("v1.example.org")).toBeDefined();
  kinds.change({ remove: kinds.inGroupVersion("example.org", "v1") });
  expect(await find("v1.example.org")).toBeUndefined();
});

test("one of a custom group that is no more is gone after a start; one that somebody made stays", async () => {
  kinds.change({ add: [widgets()] });
  const metadata = { name: "v1.other.example.org" };
  const spec = { group: "other.example.org", version: "v1", groupPriorityMinimum: 10, versionPriority: 10 };
  await write({ verb: "create", body: { metadata, spec } });
  await services();
  await keeper.close();
  kinds.change({ remove: kinds.inGroupVersion("example.org", "v1") });
  await restart();
  expect(await find("v1.example.org")).toBeUndefined();
  expect(await find("v1.other.example.org")).toBeDefined();
});

test("an APIService of a remote server is left alone, whatever is served here", async () => {
  const metadata = { name: "v1.example.org" };
  const service = { namespace: "shop", name: "api" };
  const spec = { group: "example.org", version: "v1", groupPriorityMinimum: 10, versionPriority: 10, service };
  await write({ verb: "create", body: { metadata, spec } });
  kinds.change({ add: [widgets()] });
  expect((await find("v1.example.org"))?.spec).toMatchObject({ versionPriority: 10, service });
});
