import type { KindStrategy } from "./generic.ts";

/**
 * Facts of resources that need no code. A kind's own strategy goes before them.
 */
export function genericFacts(group: string, resource: string): KindStrategy {
  const name = `${group}/${resource}`;
  return {
    hasGeneration: withGeneration.has(name),
    allowCreateOnUpdate: createdOnUpdate.has(name),
    allowUnconditionalUpdate: !neverUnconditional.has(name),
    defaultPropagation: orphaning.has(name) ? "Orphan" : "Background",
    statusKeepsMetadata: withSeparateMetadata.has(name),
    ...(isEvents(name) && { ttlSeconds: eventSecondsMax }),
  };
}

const eventSecondsMax = 3600;

function isEvents(name: string): boolean {
  return name === "/events" || name === "events.k8s.io/events";
}

/** metadata.generation counts the changes of their spec. */
const withGeneration: ReadonlySet<string> = new Set([
  "/pods",
  "/podtemplates",
  "/replicationcontrollers",
  "apps/deployments",
  "apps/replicasets",
  "apps/statefulsets",
  "apps/daemonsets",
  "batch/jobs",
  "batch/cronjobs",
  "policy/poddisruptionbudgets",
  "networking.k8s.io/ingresses",
  "networking.k8s.io/ingressclasses",
  "networking.k8s.io/networkpolicies",
  "discovery.k8s.io/endpointslices",
  "flowcontrol.apiserver.k8s.io/flowschemas",
  "flowcontrol.apiserver.k8s.io/prioritylevelconfigurations",
  "admissionregistration.k8s.io/mutatingwebhookconfigurations",
  "admissionregistration.k8s.io/validatingwebhookconfigurations",
  "admissionregistration.k8s.io/validatingadmissionpolicies",
  "admissionregistration.k8s.io/validatingadmissionpolicybindings",
  "admissionregistration.k8s.io/mutatingadmissionpolicies",
  "admissionregistration.k8s.io/mutatingadmissionpolicybindings",
  "apiextensions.k8s.io/customresourcedefinitions",
  "resource.k8s.io/deviceclasses",
  "resource.k8s.io/resourceslices",
  "resource.k8s.io/devicetaintrules",
]);

/** PUT on a name that does not exist creates it. */
const createdOnUpdate: ReadonlySet<string> = new Set([
  "/endpoints",
  "/events",
  "/limitranges",
  "/services",
  "events.k8s.io/events",
  "coordination.k8s.io/leases",
  "coordination.k8s.io/leasecandidates",
  "rbac.authorization.k8s.io/clusterrolebindings",
  "rbac.authorization.k8s.io/clusterroles",
  "rbac.authorization.k8s.io/rolebindings",
  "rbac.authorization.k8s.io/roles",
]);

/** PUT must name the resourceVersion. */
const neverUnconditional: ReadonlySet<string> = new Set([
  "admissionregistration.k8s.io/mutatingadmissionpolicies",
  "admissionregistration.k8s.io/mutatingadmissionpolicybindings",
  "admissionregistration.k8s.io/mutatingwebhookconfigurations",
  "admissionregistration.k8s.io/validatingadmissionpolicies",
  "admissionregistration.k8s.io/validatingadmissionpolicybindings",
  "admissionregistration.k8s.io/validatingwebhookconfigurations",
  "apiextensions.k8s.io/customresourcedefinitions",
  "apiregistration.k8s.io/apiservices",
  "coordination.k8s.io/leases",
  "coordination.k8s.io/leasecandidates",
  "internal.apiserver.k8s.io/storageversions",
  "node.k8s.io/runtimeclasses",
  "policy/poddisruptionbudgets",
  "storage.k8s.io/csidrivers",
  "storage.k8s.io/csinodes",
  "storage.k8s.io/csistoragecapacities",
  "storage.k8s.io/volumeattachments",
]);

/** Dependents live on when the client does not say what shall become of them. */
const orphaning: ReadonlySet<string> = new Set(["/replicationcontrollers", "batch/jobs"]);

/** Their status endpoint changes status alone. */
const withSeparateMetadata: ReadonlySet<string> = new Set([
  "admissionregistration.k8s.io/validatingadmissionpolicies",
  "apiregistration.k8s.io/apiservices",
  "flowcontrol.apiserver.k8s.io/flowschemas",
  "flowcontrol.apiserver.k8s.io/prioritylevelconfigurations",
  "networking.k8s.io/servicecidrs",
  "resource.k8s.io/resourceclaims",
  "storage.k8s.io/volumeattachments",
]);
