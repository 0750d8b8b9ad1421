import { errors, type FieldError, fieldError, type KubeObject, root } from "../../api/meta/index.ts";

/** What allocation reads and writes of a service. */
export type Service = KubeObject & { spec?: ServiceSpec };

export interface ServiceSpec {
  type?: string;
  selector?: Record<string, string>;
  ports?: ServicePort[];
  clusterIP?: string;
  clusterIPs?: string[];
  ipFamilies?: string[];
  ipFamilyPolicy?: string;
  externalTrafficPolicy?: string;
  allocateLoadBalancerNodePorts?: boolean;
  healthCheckNodePort?: number;
}

export interface ServicePort {
  name?: string;
  port?: number;
  protocol?: string;
  nodePort?: number;
}

export const specPath = root("spec");

export function needsClusterIP({ type }: ServiceSpec): boolean {
  return type === "ClusterIP" || type === "NodePort" || type === "LoadBalancer";
}

export function isHeadless(spec: ServiceSpec): boolean {
  return spec.clusterIP === "None" || spec.clusterIPs?.[0] === "None";
}

export function needsNodePorts(spec: ServiceSpec): boolean {
  return spec.type === "NodePort" || (spec.type === "LoadBalancer" && spec.allocateLoadBalancerNodePorts !== false);
}

export function needsHealthCheckNodePort(spec: ServiceSpec): boolean {
  return spec.type === "LoadBalancer" && spec.externalTrafficPolicy === "Local";
}

/** Addresses that a stored or new service has, headless ones none. */
export function clusterIPsOf(spec: ServiceSpec): string[] {
  if (!needsClusterIP(spec) || isHeadless(spec)) return [];
  return spec.clusterIPs?.length ? spec.clusterIPs : spec.clusterIP ? [spec.clusterIP] : [];
}

/** Ports on nodes that a service has, each once: TCP and UDP of one port may share it. */
export function nodePortsOf(spec: ServiceSpec): number[] {
  const ports = new Set<number>();
  for (const { nodePort } of spec.ports ?? []) if (nodePort) ports.add(nodePort);
  if (spec.healthCheckNodePort) ports.add(spec.healthCheckNodePort);
  return [...ports];
}

/** Fills in the fields about address families, of which the cluster has IPv4 alone. @throws ApiError 422. */
export function setFamilies(service: Service): void {
  const { spec } = service;
  if (spec === undefined || !needsClusterIP(spec)) return;
  const headlessWithoutSelector = isHeadless(spec) && Object.keys(spec.selector ?? {}).length === 0;
  const found = headlessWithoutSelector ? [] : familyErrors(spec);
  if (found.length > 0) throw errors.invalid({ group: "", kind: "Service" }, service.metadata.name ?? "", found);
  // Endpoints that nobody selects may be of any family.
  if (headlessWithoutSelector) spec.ipFamilyPolicy ??= "RequireDualStack";
  spec.ipFamilyPolicy ??= "SingleStack";
  if (spec.ipFamilies?.length) return;
  spec.ipFamilies = headlessWithoutSelector && spec.ipFamilyPolicy !== "SingleStack" ? ["IPv4", "IPv6"] : ["IPv4"];
}

function familyErrors(spec: ServiceSpec): FieldError[] {
  const found: FieldError[] = [];
  if (spec.ipFamilyPolicy === "RequireDualStack") {
    const detail = "this cluster is not configured for dual-stack services";
    found.push(fieldError.invalid(specPath.child("ipFamilyPolicy"), spec.ipFamilyPolicy, detail));
  }
  for (const [index, family] of (spec.ipFamilies ?? []).entries()) {
    if (family !== "IPv6") continue;
    found.push(fieldError.invalid(specPath.child("ipFamilies").index(index), family, "not configured on this cluster"));
  }
  return found;
}
