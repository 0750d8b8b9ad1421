import type { HealthCheck, HealthChecks } from "./http/index.ts";

/** What a server must have done, and be able to do. */
export interface ServerState {
  /** Whether what a cluster begins with is written. */
  isBootstrapped(): boolean;
  isClosing(): boolean;
  readonly etcd: HealthCheck;
}

/** Steps of the original's start that are one here: told under their names, for those who ask for one of them. */
const startHooks = [
  "start-apiserver-admission-initializer",
  "generic-apiserver-start-informers",
  "priority-and-fairness-config-consumer",
  "priority-and-fairness-filter",
  "storage-object-count-tracker-hook",
  "start-apiextensions-informers",
  "start-apiextensions-controllers",
  "crd-informer-synced",
  "start-system-namespaces-controller",
  "start-cluster-authentication-info-controller",
  "start-kube-apiserver-identity-lease-controller",
  "start-kube-apiserver-identity-lease-garbage-collector",
  "start-legacy-token-tracking-controller",
  "start-service-ip-repair-controllers",
  "rbac/bootstrap-roles",
  "scheduling/bootstrap-system-priority-classes",
  "priority-and-fairness-config-producer",
  "bootstrap-controller",
  "start-kubernetes-service-cidr-controller",
  "aggregator-reload-proxy-client-cert",
  "start-kube-aggregator-informers",
  "apiservice-status-local-available-controller",
  "apiservice-status-remote-available-controller",
  "apiservice-registration-controller",
  "apiservice-discovery-controller",
  "kube-apiserver-autoregistration",
];
const registrations = ["autoregister-completion", "apiservice-openapi-controller", "apiservice-openapiv3-controller"];

/** The checks of `/healthz`, `/livez` and `/readyz`, in the original's order. */
export function addServerChecks(health: HealthChecks, { isBootstrapped, isClosing, etcd }: ServerState): void {
  const started = (): void => {
    if (!isBootstrapped()) throw new Error("not finished");
  };
  const well = (name: string): HealthCheck => ({ name, check: () => {} });
  health.add(well("ping"), well("log"), etcd);
  health.addReadiness({ name: "etcd-readiness", check: etcd.check }, { name: "informer-sync", check: started });
  health.add(...startHooks.map((name) => ({ name: `poststarthook/${name}`, check: started })));
  health.add(...registrations.map((name) => ({ name, check: started })));
  health.addReadiness({
    name: "shutdown",
    check: () => {
      if (isClosing()) throw new Error("process is shutting down");
    },
  });
}
