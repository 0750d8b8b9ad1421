/** The way from the API server to nodes and pods: logs, streams and proxied requests. */

export { admitConnect } from "./admit-connect.ts";
export type { KubeletClientConfig, NodeConnector } from "./connector.ts";
export { containerOf, type PodContainers } from "./containers.ts";
export { KubeletClient } from "./kubelets.ts";
