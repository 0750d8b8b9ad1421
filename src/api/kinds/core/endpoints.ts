import type { FieldError, FieldPath } from "../../meta/index.ts";
import {
  fieldError,
  isDNS1123Label,
  isDNS1123Subdomain,
  isQualifiedName,
  isValidIP,
  isValidPortNum,
  root,
} from "../../meta/index.ts";
import type { EndpointAddress, EndpointPort, EndpointSubset, Endpoints } from "../../types/index.ts";
import { checkDNSLabel, checkRequiredSupported, checkWith } from "../field-checks.ts";
import type { KindStrategy } from "../generic.ts";
import { checkReachableIP } from "../ip-addresses.ts";
import { ageColumn, ageOf, nameColumn, nameOf, none, text } from "../table/cells.ts";

const protocols = ["SCTP", "TCP", "UDP"];

export const endpointsStrategy: KindStrategy = {
  applyDefaults(endpoints: Endpoints) {
    for (const { ports } of endpoints.subsets ?? []) for (const port of ports ?? []) port.protocol ||= "TCP";
  },
  validateName: isDNS1123Subdomain,
  validate(endpoints: Endpoints) {
    const out: FieldError[] = [];
    for (const [i, subset] of (endpoints.subsets ?? []).entries()) {
      checkSubset(subset, root("subsets").index(i), out);
    }
    return out;
  },
  warnings: () => ["v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice"],
  table: {
    columns: [nameColumn, text("Endpoints"), ageColumn],
    cells: (endpoints: Endpoints, now) => [nameOf(endpoints), shown(endpoints), ageOf(endpoints, now)],
  },
};

function checkSubset(subset: EndpointSubset, path: FieldPath, out: FieldError[]): void {
  const { addresses = [], notReadyAddresses = [], ports = [] } = subset;
  if (addresses.length === 0 && notReadyAddresses.length === 0) {
    out.push(fieldError.required(path, "must specify `addresses` or `notReadyAddresses`"));
  }
  for (const [i, address] of addresses.entries()) checkAddress(address, path.child("addresses").index(i), out);
  for (const [i, address] of notReadyAddresses.entries()) {
    checkAddress(address, path.child("notReadyAddresses").index(i), out);
  }
  for (const [i, port] of ports.entries()) checkPort(port, ports.length > 1, path.child("ports").index(i), out);
}

function checkAddress(address: EndpointAddress, path: FieldPath, out: FieldError[]): void {
  const { ip = "", hostname, nodeName } = address;
  checkWith(isValidIP(ip), ip, path.child("ip"), out);
  if (hostname) checkWith(isDNS1123Label(hostname), hostname, path.child("hostname"), out);
  if (nodeName !== undefined) checkWith(isDNS1123Subdomain(nodeName), nodeName, path.child("nodeName"), out);
  checkReachableIP(ip, path.child("ip"), out);
}

function checkPort(port: EndpointPort, nameRequired: boolean, path: FieldPath, out: FieldError[]): void {
  if (nameRequired && !port.name) out.push(fieldError.required(path.child("name"), ""));
  else if (port.name) checkDNSLabel(port.name, path.child("name"), out);
  checkWith(isValidPortNum(port.port ?? 0), port.port ?? 0, path.child("port"), out);
  checkRequiredSupported(port.protocol, protocols, path.child("protocol"), out);
  const protocol = port.appProtocol;
  if (protocol !== undefined) checkWith(isQualifiedName(protocol), protocol, path.child("appProtocol"), out);
}

const shownMax = 3;

function shown(endpoints: Endpoints): string {
  const all = (endpoints.subsets ?? []).flatMap(({ addresses = [], ports = [] }) =>
    ports.length === 0
      ? addresses.map(({ ip }) => ip)
      : ports.flatMap(({ port }) =>
          addresses.map(({ ip }) => (ip.includes(":") ? `[${ip}]:${port}` : `${ip}:${port}`)),
        ),
  );
  if (all.length === 0) return none;
  const text = all.slice(0, shownMax).join(",");
  return all.length > shownMax ? `${text} + ${all.length - shownMax} more...` : text;
}
