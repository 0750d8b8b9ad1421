/**
 * Wires components into a cluster and owns what belongs to it as a whole: keys, data folder, kubeconfig, the order of
 * start and stop. What the components do is theirs.
 */

export { type AuthorizationMode, authorizationModes } from "../apiserver/index.ts";
export { adminEntry, storedAdminEntry } from "./admin-access.ts";
export type { AuditSettings } from "./audit.ts";
export type { AuthenticationSettings } from "./authentication.ts";
export { type Cluster, type ClusterOptions, createCluster, type NodeOptions } from "./create-cluster.ts";
export {
  type ClusterState,
  DataFolder,
  DataFolderError,
  defaultDataDir,
  processUsing,
  readState,
} from "./data-folder.ts";
export {
  defaultKubeconfigPath,
  type KubeconfigEntry,
  KubeconfigError,
  mergeKubeconfig,
  renderKubeconfig,
  writeKubeconfig,
} from "./kubeconfig.ts";
export type { MachineNodeOptions } from "./machine-node.ts";
export type { EtcdOptions } from "./stores.ts";
