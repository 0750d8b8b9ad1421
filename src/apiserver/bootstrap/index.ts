/** The objects that every cluster has from its start: namespaces, priority classes, the kubernetes service. */
export { type BootstrapOptions, bootstrapCluster } from "./bootstrap.ts";
export { systemNamespaces } from "./objects.ts";
