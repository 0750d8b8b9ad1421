import { beforeEach, describe, expect, it } from "vitest";
import { type TestHost, testHost } from "../host/index.ts";
import { CompactedError, createMemoryStore, measureStore, type Store, StoreError } from "./index.ts";
import { put, remove, write } from "./store-probe.ts";

const deployment = "/registry/deployments/default/d";

describe("a measured store", () => {
  let host: TestHost;
  let inner: Store;
  let store: Store;

  beforeEach(async () => {
    host = testHost();
    inner = createMemoryStore(host);
    await write(inner, put("/registry/pods/default/old"), put("/registry/stable.example.com/crontabs/default/c"));
    store = measureStore(host, inner, "etcd-0");
    await host.clock.settle();
  });

  /** The store, but for some of its methods. */
  function like(methods: Partial<Store>): Store {
    const rest: Store = {
      revision: 0,
      get: (key) => inner.get(key),
      list: (prefix) => inner.list(prefix),
      commit: (txn) => inner.commit(txn),
      watch: (...args) => inner.watch(...args),
      compact: (before) => inner.compact(before),
      close: () => inner.close(),
    };
    return { ...rest, ...methods };
  }

  /** Those that are not 0, without the name of the metric. */
  async function samples(name: string): Promise<Set<string>> {
    const lines = (await host.metrics.render()).split("\n");
    const found = lines.filter((line) => line.startsWith(`${name}{`) && !line.endsWith(" 0"));
    return new Set(found.map((line) => line.slice(name.length)));
  }

  it("counts requests by operation, group and resource, as the original counts those to its etcd", async () => {
    await store.commit({ compare: [{ key: deployment, revision: 0 }], operations: [put(deployment)] });
    await write(store, put(deployment));
    await store.get(deployment);
    await store.get("/registry/services/specs/default/s");
    await store.list("/registry/stable.example.com/crontabs/");
    await store.list("/registry/pods/default/");
    await store.list("/registry/pods/");
    await write(store, remove(deployment));
    await store.get("/somewhere/else");
    await host.clock.settle();
    const expected = new Set([
      '{operation="create",group="apps",resource="deployments"} 1',
      '{operation="update",group="apps",resource="deployments"} 1',
      '{operation="get",group="apps",resource="deployments"} 1',
      '{operation="get",group="",resource="services"} 1',
      '{operation="list",group="stable.example.com",resource="crontabs"} 1',
      '{operation="list",group="",resource="pods"} 2',
      '{operation="delete",group="apps",resource="deployments"} 1',
    ]);
    expect(await samples("etcd_requests_total")).toEqual(expected);
    expect(await samples("etcd_request_duration_seconds_count")).toEqual(expected);
    expect(await samples("etcd_request_errors_total")).toEqual(new Set());
  });

  it("counts what failed, which a refusal is not, and how long it took", async () => {
    const slow = like({
      commit: async () => {
        await new Promise<void>((resolve) => host.clock.setTimer(300, resolve));
        throw new StoreError("disk full");
      },
    });
    const failing = expect(write(measureStore(host, slow, "etcd-1"), put(deployment))).rejects.toThrow("disk full");
    await host.clock.advance(300);
    await failing;
    await store.commit({ compare: [{ key: deployment, revision: 7 }], operations: [put(deployment)] });
    const labels = 'operation="update",group="apps",resource="deployments"';
    expect(await samples("etcd_request_errors_total")).toEqual(new Set([`{${labels}} 1`]));
    expect(await samples("etcd_requests_total")).toEqual(new Set([`{${labels}} 2`]));
    expect(await samples("etcd_request_duration_seconds_sum")).toEqual(new Set([`{${labels}} 0.3`]));
  });

  it("says how many objects each resource has, also of none", async () => {
    await write(store, put("/registry/pods/default/new"), put(deployment), put("/unknown"));
    await write(store, put("/registry/pods/default/new"), remove("/registry/pods/default/old"));
    const objects = new Set([
      '{group="",resource="pods"} 1',
      '{group="apps",resource="deployments"} 1',
      '{group="stable.example.com",resource="crontabs"} 1',
    ]);
    expect(await samples("apiserver_resource_objects")).toEqual(objects);
    expect(await samples("apiserver_storage_objects")).toEqual(
      new Set(['{resource="pods"} 1', '{resource="deployments.apps"} 1', '{resource="crontabs.stable.example.com"} 1']),
    );
    expect(await host.metrics.render()).toContain('apiserver_storage_objects{resource="secrets"} 0\n');
    expect(await samples("apiserver_storage_events_received_total")).toEqual(
      new Set(['{group="",resource="pods"} 3', '{group="apps",resource="deployments"} 1']),
    );
  });

  it("says how large the files of its store are", async () => {
    const large = like({ sizeBytes: async () => 4_096 });
    measureStore(host, large, "etcd-1");
    await host.clock.settle();
    expect(await samples("apiserver_storage_size_bytes")).toEqual(new Set(['{storage_cluster_id="etcd-1"} 4096']));
  });

  it("goes on counting when its store had to forget what happened in between", async () => {
    let end = (_why: Error) => {};
    const cut = like({
      watch: (prefix, after, sink) => {
        end = (why) => sink.closed(why);
        return inner.watch(prefix, after, { events: () => {}, closed: () => {} });
      },
    });
    const other = testHost();
    measureStore(other, cut, "etcd-0");
    await host.clock.settle();
    await write(inner, put("/registry/pods/default/unseen"));
    end(new CompactedError(1));
    await host.clock.settle();
    expect(await other.metrics.render()).toContain('apiserver_storage_objects{resource="pods"} 2\n');
  });
});
