import type { FieldError, FieldPath } from "../../../meta/index.ts";
import { fieldError, isCIDR, isDNS1123Subdomain, isValidIP, isValidPortNum, root } from "../../../meta/index.ts";
import type { Service, ServicePort, ServiceSpec } from "../../../types/index.ts";
import {
  checkDNSLabel,
  checkLabels,
  checkQualifiedName,
  checkRequiredSupported,
  checkSupported,
  checkWith,
  fieldIsImmutable,
  goStruct,
} from "../../field-checks.ts";
import { checkPort } from "../../podspec/probes.ts";
import { needsHealthCheck } from "./carry-over.ts";
import { checkClusterIPs, checkClusterIPsUpdate } from "./cluster-ips.ts";

const specPath = root("spec");
const protocols = ["SCTP", "TCP", "UDP"];
const types = ["ClusterIP", "ExternalName", "LoadBalancer", "NodePort"];
const trafficPolicies = ["Cluster", "Local"];
const kubeletPort = 10250;
const affinitySecondsMax = 86400;

/** What is wrong with a service. Addresses come first and alone: the original looks at them before it gives out others. */
export function checkService(service: Service): FieldError[] {
  const ofAddresses = checkClusterIPs(service.spec);
  return ofAddresses.length > 0 ? ofAddresses : checkAllButAddresses(service);
}

function checkAllButAddresses(service: Service): FieldError[] {
  const out: FieldError[] = [];
  const { spec } = service;
  const headless = spec.clusterIPs?.[0] === "None" || spec.clusterIP === "None";
  const ports = spec.ports ?? [];
  if (ports.length === 0 && !headless && spec.type !== "ExternalName") {
    out.push(fieldError.required(specPath.child("ports"), ""));
  }
  checkTypeRules(spec, headless, out);
  const names = new Set<string>();
  for (const [i, port] of ports.entries()) {
    checkServicePort(port, ports.length > 1, names, specPath.child("ports").index(i), out);
  }
  checkLabels(spec.selector, specPath.child("selector"), out);
  checkSessionAffinity(spec, out);
  for (const [i, ip] of (spec.externalIPs ?? []).entries()) {
    checkWith(isValidIP(ip), ip, specPath.child("externalIPs").index(i), out);
  }
  checkRequiredSupported(spec.type, types, specPath.child("type"), out);
  checkNodePorts(spec, ports, out);
  checkDuplicatePorts(ports, out);
  checkLoadBalancer(spec, out);
  checkTrafficPolicies(spec, out);
  return out;
}

function checkTypeRules(spec: ServiceSpec, headless: boolean, out: FieldError[]): void {
  if (spec.type === "LoadBalancer") {
    for (const [i, { port }] of (spec.ports ?? []).entries()) {
      if (port !== kubeletPort) continue;
      const detail = `may not expose port ${kubeletPort} externally since it is used by kubelet`;
      out.push(fieldError.invalid(specPath.child("ports").index(i), port, detail));
    }
  }
  if (headless && (spec.type === "LoadBalancer" || spec.type === "NodePort")) {
    const detail = `may not be set to 'None' for ${spec.type} services`;
    out.push(fieldError.invalid(specPath.child("clusterIPs").index(0), "None", detail));
  }
  if (spec.type === "ExternalName") checkExternalName(spec, out);
}

function checkExternalName(spec: ServiceSpec, out: FieldError[]): void {
  const detail = "may not be set for ExternalName services";
  if ((spec.clusterIPs ?? []).length > 0) out.push(fieldError.forbidden(specPath.child("clusterIPs"), detail));
  if ((spec.ipFamilies ?? []).length > 0) out.push(fieldError.forbidden(specPath.child("ipFamilies"), detail));
  if (spec.ipFamilyPolicy !== undefined) out.push(fieldError.forbidden(specPath.child("ipFamilyPolicy"), detail));
  const name = (spec.externalName ?? "").replace(/\.$/, "");
  if (name) checkWith(isDNS1123Subdomain(name), name, specPath.child("externalName"), out);
  else out.push(fieldError.required(specPath.child("externalName"), ""));
}

function checkServicePort(
  port: ServicePort,
  nameRequired: boolean,
  names: Set<string>,
  path: FieldPath,
  out: FieldError[],
): void {
  if (nameRequired && !port.name) out.push(fieldError.required(path.child("name"), ""));
  else if (port.name) {
    checkDNSLabel(port.name, path.child("name"), out);
    if (names.has(port.name)) out.push(fieldError.duplicate(path.child("name"), port.name));
    else names.add(port.name);
  }
  const number = port.port ?? 0;
  checkWith(isValidPortNum(number), number, path.child("port"), out);
  checkRequiredSupported(port.protocol, protocols, path.child("protocol"), out);
  checkPort(port.targetPort, path.child("targetPort"), out);
  if (port.appProtocol !== undefined) checkQualifiedName(port.appProtocol, path.child("appProtocol"), out);
}

function checkSessionAffinity(spec: ServiceSpec, out: FieldError[]): void {
  checkRequiredSupported(spec.sessionAffinity, ["ClientIP", "None"], specPath.child("sessionAffinity"), out);
  const path = specPath.child("sessionAffinityConfig");
  if (spec.sessionAffinity === "None") {
    if (spec.sessionAffinityConfig) {
      out.push(fieldError.forbidden(path, "must not be set when session affinity is None"));
    }
    return;
  }
  if (spec.sessionAffinity !== "ClientIP") return;
  const seconds = spec.sessionAffinityConfig?.clientIP?.timeoutSeconds;
  if (seconds === undefined) out.push(fieldError.required(path, "when session affinity type is ClientIP"));
  else if (seconds <= 0 || seconds > affinitySecondsMax) {
    const detail = `must be greater than 0 and less than ${affinitySecondsMax}`;
    out.push(fieldError.invalid(path.child("clientIP", "timeoutSeconds"), seconds, detail));
  }
}

function checkNodePorts(spec: ServiceSpec, ports: readonly ServicePort[], out: FieldError[]): void {
  const taken = new Set<string>();
  for (const [i, { nodePort, protocol }] of ports.entries()) {
    if (!nodePort) continue;
    const path = specPath.child("ports").index(i).child("nodePort");
    if (spec.type === "ClusterIP") out.push(fieldError.forbidden(path, "may not be used when `type` is 'ClusterIP'"));
    const key = `${protocol}/${nodePort}`;
    if (taken.has(key)) out.push(fieldError.duplicate(path, nodePort));
    taken.add(key);
  }
}

function checkDuplicatePorts(ports: readonly ServicePort[], out: FieldError[]): void {
  const taken = new Set<string>();
  for (const [i, { port, protocol }] of ports.entries()) {
    const key = `${protocol}/${port}`;
    if (taken.has(key)) {
      const shown = goStruct([
        ["Name", ""],
        ["Protocol", protocol],
        ["AppProtocol", null],
        ["Port", port],
        ["TargetPort", 0],
        ["NodePort", 0],
      ]);
      out.push(fieldError.duplicate(specPath.child("ports").index(i), shown));
    }
    taken.add(key);
  }
}

function checkLoadBalancer(spec: ServiceSpec, out: FieldError[]): void {
  const detail = "may only be used when `type` is 'LoadBalancer'";
  const balanced = spec.type === "LoadBalancer";
  const ranges = spec.loadBalancerSourceRanges ?? [];
  if (ranges.length > 0) {
    const path = specPath.child("LoadBalancerSourceRanges");
    if (!balanced) out.push(fieldError.forbidden(path, detail));
    for (const [i, range] of ranges.entries()) checkWith(isCIDR(range.trim()), range, path.index(i), out);
  }
  if (spec.allocateLoadBalancerNodePorts !== undefined && !balanced) {
    out.push(fieldError.forbidden(specPath.child("allocateLoadBalancerNodePorts"), detail));
  }
  if (spec.loadBalancerClass !== undefined) {
    const path = specPath.child("loadBalancerClass");
    if (!balanced) out.push(fieldError.forbidden(path, detail));
    else checkQualifiedName(spec.loadBalancerClass, path, out);
  }
}

function isExternal(spec: ServiceSpec): boolean {
  if (spec.type === "LoadBalancer" || spec.type === "NodePort") return true;
  return spec.type === "ClusterIP" && (spec.externalIPs ?? []).length > 0;
}

function checkTrafficPolicies(spec: ServiceSpec, out: FieldError[]): void {
  const path = specPath.child("externalTrafficPolicy");
  const policy = spec.externalTrafficPolicy;
  if (!isExternal(spec)) {
    if (policy) {
      out.push(fieldError.invalid(path, policy, "may only be set for externally-accessible services"));
    }
  } else checkRequiredSupported(policy, trafficPolicies, path, out);
  checkHealthCheckPort(spec, out);
  const internal = spec.internalTrafficPolicy;
  const internalPath = specPath.child("internalTrafficPolicy");
  if (internal !== undefined) checkSupported(internal, trafficPolicies, internalPath, out);
  else if (spec.type === "ClusterIP" || isExternal(spec)) out.push(fieldError.required(internalPath, ""));
  if (spec.trafficDistribution !== undefined) {
    const supported = ["PreferClose", "PreferSameNode", "PreferSameZone"];
    checkSupported(spec.trafficDistribution, supported, specPath.child("trafficDistribution"), out);
  }
}

function checkHealthCheckPort(spec: ServiceSpec, out: FieldError[]): void {
  const port = spec.healthCheckNodePort;
  if (!port) return;
  const path = specPath.child("healthCheckNodePort");
  if (!needsHealthCheck(spec)) {
    const detail = "may only be set when `type` is 'LoadBalancer' and `externalTrafficPolicy` is 'Local'";
    out.push(fieldError.invalid(path, port, detail));
  } else checkWith(isValidPortNum(port), port, path, out);
}

/** What is wrong with a service that takes the place of another. */
export function checkServiceUpdate(service: Service, old: Service): FieldError[] {
  const ofAddresses = checkClusterIPs(service.spec);
  return ofAddresses.length > 0 ? ofAddresses : [...checkChanges(service, old), ...checkAllButAddresses(service)];
}

function checkChanges(service: Service, old: Service): FieldError[] {
  const out: FieldError[] = [];
  checkClusterIPsUpdate(service.spec, old.spec, out);
  if (needsHealthCheck(old.spec) && needsHealthCheck(service.spec)) {
    const port = service.spec.healthCheckNodePort ?? 0;
    if (old.spec.healthCheckNodePort && port !== old.spec.healthCheckNodePort) {
      out.push(fieldError.invalid(specPath.child("healthCheckNodePort"), port, fieldIsImmutable));
    }
  }
  if (old.spec.type === "LoadBalancer" && service.spec.type === "LoadBalancer") {
    if ((service.spec.loadBalancerClass ?? "") !== (old.spec.loadBalancerClass ?? "")) {
      const path = specPath.child("loadBalancerClass");
      out.push(fieldError.invalid(path, service.spec.loadBalancerClass ?? null, "may not change once set"));
    }
  }
  return out;
}

/** Where a load balancer says it can be reached. */
export function checkLoadBalancerStatus(service: Service): FieldError[] {
  const out: FieldError[] = [];
  const path = root("status", "loadBalancer", "ingress");
  const ingresses = service.status?.loadBalancer?.ingress ?? [];
  if (service.spec.type !== "LoadBalancer" && ingresses.length > 0) {
    out.push(fieldError.forbidden(path, "may only be used when `spec.type` is 'LoadBalancer'"));
  }
  for (const [i, { ip, hostname }] of ingresses.entries()) {
    if (ip) checkWith(isValidIP(ip), ip, path.index(i).child("ip"), out);
    if (hostname) {
      checkWith(isDNS1123Subdomain(hostname), hostname, path.index(i).child("hostname"), out);
      if (isValidIP(hostname).length === 0) {
        const detail = "must be a DNS name, not an IP address";
        out.push(fieldError.invalid(path.index(i).child("hostname"), hostname, detail));
      }
    }
  }
  return out;
}
