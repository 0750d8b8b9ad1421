import type { Service, ServicePort, ServiceSpec } from "../../../types/index.ts";

/**
 * An update that leaves out what the API server allocated keeps it, as long as the service still needs it; what a new
 * type has no use for goes.
 */
export function carryOver(service: Service, old: Service): void {
  const { spec } = service;
  const before = old.spec;
  if (needsClusterIP(spec) && needsClusterIP(before)) keepClusterIPs(spec, before);
  if (needsNodePorts(spec) && needsNodePorts(before)) keepNodePorts(spec.ports ?? [], before.ports ?? []);
  if (needsHealthCheck(spec) && needsHealthCheck(before)) spec.healthCheckNodePort ||= before.healthCheckNodePort;
  dropUnneeded(spec, before);
}

function needsClusterIP({ type }: ServiceSpec): boolean {
  return type === "ClusterIP" || type === "NodePort" || type === "LoadBalancer";
}

function needsNodePorts(spec: ServiceSpec): boolean {
  if (spec.type === "LoadBalancer") return spec.allocateLoadBalancerNodePorts !== false;
  return spec.type === "NodePort";
}

export function needsHealthCheck(spec: ServiceSpec): boolean {
  return spec.type === "LoadBalancer" && spec.externalTrafficPolicy === "Local";
}

function keepClusterIPs(spec: ServiceSpec, before: ServiceSpec): void {
  if (!spec.clusterIP) spec.clusterIP = before.clusterIP;
  if ((spec.clusterIPs ?? []).length === 0 && spec.clusterIP === before.clusterIP) spec.clusterIPs = before.clusterIPs;
  spec.ipFamilyPolicy ??= before.ipFamilyPolicy;
  if ((spec.ipFamilies ?? []).length === 0) spec.ipFamilies = before.ipFamilies;
}

function keepNodePorts(ports: readonly ServicePort[], before: readonly ServicePort[]): void {
  const taken = new Set(ports.map((port) => port.nodePort).filter((nodePort) => nodePort));
  for (const port of ports) {
    if (port.nodePort) continue;
    const same = before.find((other) => other.port === port.port && other.protocol === port.protocol);
    if (!same?.nodePort || taken.has(same.nodePort)) continue;
    port.nodePort = same.nodePort;
    taken.add(same.nodePort);
  }
}

/** Fields a client only carries along from a type that had them. What it sets anew is left for validation. */
function dropUnneeded(spec: ServiceSpec, before: ServiceSpec): void {
  if (spec.type === "ExternalName" && before.type !== "ExternalName") {
    if (spec.clusterIP === before.clusterIP) {
      delete spec.clusterIP;
      delete spec.clusterIPs;
    }
    delete spec.ipFamilies;
    delete spec.ipFamilyPolicy;
  }
  if (needsNodePorts(before) && spec.type !== "NodePort" && spec.type !== "LoadBalancer") {
    const old = new Set((before.ports ?? []).map((port) => port.nodePort));
    for (const port of spec.ports ?? []) if (old.has(port.nodePort)) delete port.nodePort;
  }
  if (!needsHealthCheck(spec) && spec.healthCheckNodePort === before.healthCheckNodePort)
    delete spec.healthCheckNodePort;
  if (spec.type !== "LoadBalancer" && before.type === "LoadBalancer") {
    if (spec.allocateLoadBalancerNodePorts === before.allocateLoadBalancerNodePorts) {
      delete spec.allocateLoadBalancerNodePorts;
    }
    if (spec.loadBalancerClass === before.loadBalancerClass) delete spec.loadBalancerClass;
  }
  const external = spec.type === "NodePort" || spec.type === "LoadBalancer" || (spec.externalIPs ?? []).length > 0;
  if (!external && spec.externalTrafficPolicy === before.externalTrafficPolicy) delete spec.externalTrafficPolicy;
}
