// What the tests of the scheduling framework share: a cluster in virtual time and pods that ask for little.
import { type Cluster, type ClusterOptions, createCluster, resources, testHost } from "../../../src/index.ts";

export type World = Awaited<ReturnType<typeof startWorld>>;

/** A cluster in virtual time, whose pods are looked at by name. */
export async function startWorld(options: ClusterOptions = {}, seed = 1) {
  const host = testHost({ seed });
  const cluster: Cluster = await createCluster({ host, nodes: { count: 2 }, defaultStorageClass: false, ...options });
  const client = cluster.client();
  const pods = client.resource(resources.pods);
  return {
    cluster,
    client,
    host,
    create: (name: string, spec: object = {}, metadata: object = {}) => pods.create(draft(name, spec, metadata)),
    pod: (name: string) => pods.get({ namespace: "default", name }),
    nodeOf: async (name: string) => (await pods.get({ namespace: "default", name })).spec?.nodeName,
    /** Type, reason and message of what events say of a pod. */
    eventsOf: async (name: string) => {
      const { items } = await client.resource(resources.eventsV1).list({ namespace: "default" });
      const own = items.filter(({ regarding }) => regarding?.name === name);
      return own.map(({ reason, note }) => `${reason}: ${note}`);
    },
    condition: async (name: string) => {
      const { status } = await pods.get({ namespace: "default", name });
      const found = status?.conditions?.find(({ type }) => type === "PodScheduled");
      return found && { status: found.status, reason: found.reason, message: found.message };
    },
    stop: () => cluster.stop(),
  };
}

function draft(name: string, spec: object, metadata: object) {
  const containers = [{ name: "c", image: "nginx", resources: { requests: { cpu: "100m" } } }];
  return { metadata: { name, namespace: "default", ...metadata }, spec: { containers, ...spec } };
}
