import type { Service, ServiceSpec } from "../../../types/index.ts";
import type { TableStrategy } from "../../kind.ts";
import { ageColumn, ageOf, labelsText, nameColumn, nameOf, none, selectorColumn, text } from "../../table/cells.ts";

export const serviceTable: TableStrategy = {
  columns: [
    nameColumn,
    text("Type"),
    text("Cluster-IP"),
    text("External-IP"),
    text("Port(s)"),
    ageColumn,
    selectorColumn,
  ],
  cells: (service: Service, now) => [
    nameOf(service),
    service.spec.type ?? "",
    service.spec.clusterIPs?.[0] ?? (service.spec.clusterIP || none),
    externalIPs(service),
    ports(service.spec),
    ageOf(service, now),
    labelsText(service.spec.selector),
  ],
};

function externalIPs(service: Service): string {
  const { spec } = service;
  const fixed = spec.externalIPs ?? [];
  switch (spec.type) {
    case "LoadBalancer": {
      const ingresses = service.status?.loadBalancer?.ingress ?? [];
      const all = [...ingresses.map(({ ip, hostname }) => ip || hostname || ""), ...fixed].filter((each) => each);
      return all.length > 0 ? all.join(",") : "<pending>";
    }
    case "ExternalName":
      return spec.externalName ?? "";
    default:
      return fixed.length > 0 ? fixed.join(",") : none;
  }
}

function ports(spec: ServiceSpec): string {
  const texts = (spec.ports ?? []).map(({ port, protocol, nodePort }) =>
    nodePort ? `${port}:${nodePort}/${protocol}` : `${port}/${protocol}`,
  );
  return texts.length > 0 ? texts.join(",") : none;
}
