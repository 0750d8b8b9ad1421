import { afterAll, beforeAll, describe } from "vitest";
import { openEtcdStore } from "../../../src/store/index.ts";
import { describeStore } from "../../../src/store/store-suite.ts";
import { EtcdCluster, withoutEtcd } from "./etcd-cluster.ts";
import { rebased } from "./rebased-store.ts";

describe.skipIf(withoutEtcd)(`a store in etcd${withoutEtcd ? ` (${withoutEtcd})` : ""}`, () => {
  let etcd: EtcdCluster;
  let stores = 0;

  beforeAll(async () => {
    etcd = await EtcdCluster.start();
  });
  afterAll(() => etcd?.stop());

  describeStore(
    "the etcd store",
    async (host, options) => {
      stores++;
      const place = { servers: etcd.urls, prefix: `/suite-${stores}`, root: "" };
      return rebased(await openEtcdStore(host, { ...place, compactionIntervalMs: 0, ...options }));
    },
    { ownClock: true },
  );
});
