// One cluster for all tests of a file, and a namespace of its own for each test.
import { afterAll, beforeAll } from "vitest";
import { type Cluster, type ClusterOptions, createCluster } from "../../../src/index.ts";
import { Api, type Json } from "./api.ts";

export interface Suite {
  readonly api: Api;
  readonly cluster: Cluster;
  /** A new namespace in which pods can be made. */
  namespace(labels?: Record<string, string>): Promise<string>;
}

/** Call once at the top of a test file. */
export function conformanceSuite(options: ClusterOptions = { nodes: { count: 2 } }): Suite {
  let running: { cluster: Cluster; api: Api } | undefined;
  beforeAll(async () => {
    const cluster = await createCluster(options);
    running = { cluster, api: new Api(cluster) };
  });
  afterAll(async () => {
    running?.api.close();
    await running?.cluster.stop();
  });
  const up = () => {
    if (running === undefined) throw new Error("the cluster has not started");
    return running;
  };
  return {
    get api() {
      return up().api;
    },
    get cluster() {
      return up().cluster;
    },
    async namespace(labels) {
      const { api } = up();
      const made: Json = await api.create("/api/v1/namespaces", { metadata: { generateName: "test-", labels } });
      const { name } = made.metadata;
      await api.until(`/api/v1/namespaces/${name}/serviceaccounts/default`, () => true);
      return name;
    },
  };
}
