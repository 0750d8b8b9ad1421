import { beforeEach, describe, expect, it } from "vitest";
import { builtinKinds, createKindRegistry } from "../../api/kinds/index.ts";
import type { KubeObject } from "../../api/meta/index.ts";
import { type TestHost, testHost } from "../../host/index.ts";
import { createMemoryStore, type Store } from "../../store/index.ts";
import { createApiHandler } from "../handlers/index.ts";
import type { KeeperOptions } from "./keeper.ts";
import { keepKubernetesEndpoints } from "./kubernetes-endpoints.ts";

type Endpoints = KubeObject & { subsets?: { addresses: { ip: string }[]; ports: object[] }[] };
type EndpointSlice = KubeObject & { endpoints: { addresses: string[] }[] };

describe("the endpoints of the kubernetes service", () => {
  let host: TestHost;
  let store: Store;
  let options: KeeperOptions;
  const server = (n: number) => ({ address: `10.0.0.${n}`, port: 6443 });

  beforeEach(() => {
    host = testHost();
    store = createMemoryStore(host);
    const kinds = createKindRegistry(builtinKinds());
    options = { host, store, kinds, handler: createApiHandler({ host, store, kinds }) };
  });

  async function listed(): Promise<{ endpoints: string[]; slice: string[] }> {
    const endpoints = (await store.get("/registry/services/endpoints/default/kubernetes"))?.object as Endpoints;
    const slice = (await store.get("/registry/endpointslices/default/kubernetes"))?.object as EndpointSlice;
    return {
      endpoints: (endpoints.subsets ?? []).flatMap(({ addresses }) => addresses.map(({ ip }) => ip)),
      slice: slice.endpoints.flatMap(({ addresses }) => addresses),
    };
  }

  it("are all API servers that are alive, in order", async () => {
    await keepKubernetesEndpoints(options, server(2));
    await keepKubernetesEndpoints(options, server(1));
    expect(await listed()).toEqual({ endpoints: ["10.0.0.1", "10.0.0.2"], slice: ["10.0.0.1", "10.0.0.2"] });
    const lease = await store.get("/registry/masterleases/10.0.0.1");
    expect(lease?.object).toMatchObject({ kind: "Endpoints", subsets: [{ addresses: [{ ip: "10.0.0.1" }] }] });
  });

  it("are not written again while nothing changes", async () => {
    await keepKubernetesEndpoints(options, server(1));
    const before = await store.get("/registry/services/endpoints/default/kubernetes");
    await host.clock.advance(60_000);
    expect(await store.get("/registry/services/endpoints/default/kubernetes")).toBe(before);
    expect((await store.get("/registry/masterleases/10.0.0.1"))?.object.metadata.generation).toBe(7);
  });

  it("lose one that stops at once, and one that died when its lease ends; the last stays", async () => {
    const first = await keepKubernetesEndpoints(options, server(1));
    const second = await keepKubernetesEndpoints(options, server(2));
    await store.commit({
      compare: [],
      operations: [
        {
          type: "put",
          key: "/registry/masterleases/10.0.0.3",
          object: {
            apiVersion: "v1",
            kind: "Endpoints",
            metadata: {},
            subsets: [{ addresses: [{ ip: "10.0.0.3" }] }],
          } as KubeObject,
          ttlSeconds: 15,
        },
      ],
    });
    await host.clock.advance(10_000);
    expect((await listed()).endpoints).toEqual(["10.0.0.1", "10.0.0.2", "10.0.0.3"]);
    await host.clock.advance(10_000);
    expect((await listed()).endpoints).toEqual(["10.0.0.1", "10.0.0.2"]);
    await second.close();
    expect((await listed()).endpoints).toEqual(["10.0.0.1"]);
    await first.close();
    expect((await listed()).endpoints).toEqual(["10.0.0.1"]);
    expect(await store.get("/registry/masterleases/10.0.0.1")).toBeUndefined();
  });
});
