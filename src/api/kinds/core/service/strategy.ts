import { isDNS1123Label } from "../../../meta/index.ts";
import type { Service } from "../../../types/index.ts";
import type { KindStrategy } from "../../generic.ts";
import { carryOver } from "./carry-over.ts";
import { serviceTable } from "./table.ts";
import { checkLoadBalancerStatus, checkService, checkServiceUpdate } from "./validation.ts";

const affinitySeconds = 10800;

export const serviceStrategy: KindStrategy = {
  applyDefaults: defaultService,
  prepareForCreate: (service: Service) => normalizeClusterIPs(service),
  prepareForUpdate(service: Service, old: Service) {
    normalizeClusterIPs(service, old);
    carryOver(service, old);
  },
  validateName: isDNS1123Label,
  validate: (service: Service) => checkService(service),
  validateUpdate: (service: Service, old: Service) => checkServiceUpdate(service, old),
  updates: {
    status: { prepareForUpdate() {}, validateUpdate: (service: Service) => checkLoadBalancerStatus(service) },
  },
  selectableFields: ["spec.clusterIP", "spec.type"],
  fieldValue(service: Service, field) {
    if (field === "spec.clusterIP") return service.spec.clusterIP ?? "";
    return field === "spec.type" ? (service.spec.type ?? "") : undefined;
  },
  table: serviceTable,
};

function defaultService(service: Service): void {
  const { spec } = service;
  spec.type ||= "ClusterIP";
  spec.sessionAffinity ||= "None";
  if (spec.sessionAffinity === "None") delete spec.sessionAffinityConfig;
  if (spec.sessionAffinity === "ClientIP" && spec.sessionAffinityConfig?.clientIP?.timeoutSeconds === undefined) {
    spec.sessionAffinityConfig = { clientIP: { timeoutSeconds: affinitySeconds } };
  }
  for (const port of spec.ports ?? []) {
    port.protocol ||= "TCP";
    if (port.targetPort === undefined || port.targetPort === 0 || port.targetPort === "")
      port.targetPort = port.port ?? 0;
  }
  const external = spec.type === "NodePort" || spec.type === "LoadBalancer";
  const hasOutsideAddress = spec.type === "ClusterIP" && (spec.externalIPs ?? []).length > 0;
  if (external || hasOutsideAddress) spec.externalTrafficPolicy ||= "Cluster";
  if (external || spec.type === "ClusterIP") spec.internalTrafficPolicy ??= "Cluster";
  if (spec.type === "LoadBalancer") {
    spec.allocateLoadBalancerNodePorts ??= true;
    for (const ingress of service.status?.loadBalancer?.ingress ?? []) if (ingress.ip) ingress.ipMode ??= "VIP";
  }
}

/** One address is written in two fields; clients of old know only the first. */
function normalizeClusterIPs(service: Service, old?: Service): void {
  const { spec } = service;
  const ips = spec.clusterIPs ?? [];
  if (old === undefined) {
    if (spec.clusterIP && ips.length === 0) spec.clusterIPs = [spec.clusterIP];
    return;
  }
  const before = old.spec;
  const sameIPs = ips.join() === (before.clusterIPs ?? []).join();
  if (spec.clusterIP !== before.clusterIP && sameIPs) {
    if (spec.clusterIP) spec.clusterIPs = [spec.clusterIP, ...ips.slice(1)];
    else if (before.clusterIP) delete spec.clusterIPs;
  } else if (spec.clusterIP && ips.length === 0) spec.clusterIPs = [spec.clusterIP];
}
