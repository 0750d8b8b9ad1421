/**
 * Sampan as a library: a whole cluster inside a test or a program.
 *
 * ```ts
 * const cluster = await createCluster({ nodes: { count: 3 } });
 * await cluster.client().resource(resources.configmaps).create({ metadata: { name: "a", namespace: "default" } });
 * await cluster.stop();
 * ```
 */
export * as client from "./client/index.ts";
export { resources } from "./client/index.ts";
export {
  type Cluster,
  type ClusterOptions,
  createCluster,
  type NodeOptions,
  renderKubeconfig,
} from "./cluster/index.ts";
export { type Host, systemHost, testHost } from "./host/index.ts";
export * as scheduling from "./scheduler/index.ts";
export { startScheduler } from "./scheduler/index.ts";
