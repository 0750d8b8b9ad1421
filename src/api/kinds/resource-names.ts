import { isQualifiedName } from "../meta/index.ts";

/** What the names of resources (cpu, pods, example.org/gpu) say of them. */

const standardContainerResources: ReadonlySet<string> = new Set(["cpu", "memory", "ephemeral-storage"]);

const quotaCounts: readonly string[] = [
  "resourcequotas",
  "replicationcontrollers",
  "secrets",
  "configmaps",
  "persistentvolumeclaims",
  "services",
  "services.nodeports",
  "services.loadbalancers",
];

const standardQuotaResources: ReadonlySet<string> = new Set([
  "cpu",
  "memory",
  "ephemeral-storage",
  "requests.cpu",
  "requests.memory",
  "requests.storage",
  "requests.ephemeral-storage",
  "limits.cpu",
  "limits.memory",
  "limits.ephemeral-storage",
  "pods",
  ...quotaCounts,
]);

const standardResources: ReadonlySet<string> = new Set([...standardQuotaResources, "storage"]);

const integerResources: ReadonlySet<string> = new Set(["pods", ...quotaCounts]);

export function isHugePages(name: string): boolean {
  return name.startsWith("hugepages-");
}

export function isStandardContainerResource(name: string): boolean {
  return standardContainerResources.has(name) || isHugePages(name);
}

export function isStandardResource(name: string): boolean {
  return standardResources.has(name) || isHugePages(name) || name.startsWith("requests.hugepages-");
}

export function isStandardQuotaResource(name: string): boolean {
  return standardQuotaResources.has(name) || isHugePages(name) || name.startsWith("requests.hugepages-");
}

export function isIntegerResource(name: string): boolean {
  return integerResources.has(name) || isExtendedResourceName(name);
}

/** Without a domain, or in the project's own. */
export function isNativeResource(name: string): boolean {
  return !name.includes("/") || name.includes("kubernetes.io/");
}

export function isExtendedResourceName(name: string): boolean {
  if (isNativeResource(name) || name.startsWith("requests.")) return false;
  return isQualifiedName(`requests.${name}`).length === 0;
}

export function isOvercommitAllowed(name: string): boolean {
  return isNativeResource(name) && !isHugePages(name);
}
