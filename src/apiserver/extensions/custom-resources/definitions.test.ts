import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { builtinKinds, createKindRegistry } from "../../../api/kinds/index.ts";
import { errors, type JsonObject } from "../../../api/meta/index.ts";
import type { CustomResourceDefinition } from "../../../api/types/index.ts";
import { type TestHost, testHost } from "../../../host/index.ts";
import { createMemoryStore, type Store } from "../../../store/index.ts";
import { createApiHandler } from "../../handlers/index.ts";
import { itself, type Keeper, type KeeperOptions } from "../../keepers/index.ts";
import type { ApiHandler, ApiRequest } from "../../request.ts";
import { serveCustomResources } from "./index.ts";

const target = { group: "apiextensions.k8s.io", version: "v1", resource: "customresourcedefinitions" };
const name = "widgets.example.org";

function definition(): JsonObject {
  const schema = { openAPIV3Schema: { type: "object", "x-kubernetes-preserve-unknown-fields": true } };
  return {
    apiVersion: "apiextensions.k8s.io/v1",
    kind: "CustomResourceDefinition",
    metadata: { name },
    spec: {
      group: "example.org",
      scope: "Cluster",
      names: { plural: "widgets", kind: "Widget" },
      versions: [{ name: "v1", served: true, storage: true, schema }],
    },
  };
}

describe("definitions of custom resources, while the store has bad moments", () => {
  let host: TestHost;
  let store: Store;
  let options: KeeperOptions;
  let keeper: Keeper;
  let handler: ApiHandler;
  /** Which requests of the server itself fail. */
  let fails: (request: ApiRequest) => boolean;

  beforeEach(async () => {
    host = testHost();
    store = createMemoryStore(host);
    const kinds = createKindRegistry(builtinKinds());
    handler = createApiHandler({ host, store, kinds });
    fails = () => false;
    const own: ApiHandler = {
      handle: (request) => {
        if (fails(request)) throw errors.serviceUnavailable("no space left");
        return handler.handle(request);
      },
      watch: (request, sink) => handler.watch(request, sink),
    };
    options = { host, store, kinds, handler: own };
    keeper = await serveCustomResources(options);
  });

  afterEach(() => keeper.close());

  const ask = (request: Partial<ApiRequest>) =>
    handler.handle({ ...target, verb: "get", options: {}, user: itself, ...request } as ApiRequest);

  async function established(): Promise<boolean> {
    const answer = await ask({ name });
    const { status } = (answer.kind === "object" ? answer.object : {}) as CustomResourceDefinition;
    return (status?.conditions ?? []).some(({ type, status: is }) => type === "Established" && is === "True");
  }

  it("are established as soon as a status can be written", async () => {
    fails = ({ subresource }) => subresource === "status";
    await ask({ verb: "create", body: definition() });
    await host.clock.advance(500);
    expect(await established()).toBe(false);
    fails = () => false;
    await host.clock.advance(1_000);
    expect(await established()).toBe(true);
    expect(options.kinds.byResource("example.org", "v1", "widgets")?.kind).toBe("Widget");
  });

  it("go when their objects can be deleted", async () => {
    await ask({ verb: "create", body: definition() });
    await host.clock.advance(100);
    const widgets = { group: "example.org", version: "v1", resource: "widgets" };
    const body = { apiVersion: "example.org/v1", kind: "Widget", metadata: { name: "one" } };
    await ask({ ...widgets, verb: "create", body });
    fails = ({ verb }) => verb === "deletecollection";
    await ask({ verb: "delete", name });
    await host.clock.advance(2_000);
    const answer = await ask({ name });
    expect(answer.kind === "object" && answer.object).toMatchObject({
      status: { conditions: expect.arrayContaining([expect.objectContaining({ reason: "InstanceDeletionFailed" })]) },
    });
    fails = () => false;
    await host.clock.advance(10_000);
    await expect(ask({ name })).rejects.toThrow("not found");
    expect(await store.get("/registry/example.org/widgets/one")).toBeUndefined();
  });

  it("do not need the server to be told twice when its last write fails", async () => {
    await ask({ verb: "create", body: definition() });
    await host.clock.advance(100);
    fails = ({ verb, patchType }) => verb === "patch" && patchType === "application/json-patch+json";
    await ask({ verb: "delete", name });
    await host.clock.advance(1_000);
    fails = () => false;
    await host.clock.advance(5_000);
    await expect(ask({ name })).rejects.toThrow("not found");
  });
});
