import type { FieldError, FieldPath } from "../../meta/index.ts";
import {
  fieldError,
  isDNS1123Label,
  isDNS1123Subdomain,
  isQualifiedName,
  isValidIP,
  isValidLabelValue,
  root,
  semanticEqual,
} from "../../meta/index.ts";
import type { discoveryV1 } from "../../types/index.ts";
import { checkImmutable, checkLabels, checkRequiredSupported, checkWith } from "../field-checks.ts";
import { type KindStrategy, raiseGeneration } from "../generic.ts";
import { checkReachableIP } from "../ip-addresses.ts";
import { ageColumn, ageOf, nameColumn, nameOf, text } from "../table/cells.ts";

type EndpointSlice = discoveryV1.EndpointSlice;
type Endpoint = discoveryV1.Endpoint;

const addressTypes = ["FQDN", "IPv4", "IPv6"];
const protocols = ["SCTP", "TCP", "UDP"];
const endpointsMax = 1000;
const addressesMax = 100;
const portsMax = 20000;

export const endpointSliceStrategy: KindStrategy = {
  applyDefaults(slice: EndpointSlice) {
    for (const port of slice.ports ?? []) {
      port.name ??= "";
      port.protocol ??= "TCP";
    }
  },
  prepareForCreate: (slice: EndpointSlice) => emptyIsNull(slice),
  prepareForUpdate(slice: EndpointSlice, old: EndpointSlice) {
    emptyIsNull(slice);
    // Labels say whose slice it is.
    if (!semanticEqual(slice.metadata.labels, old.metadata.labels)) raiseGeneration(slice, old);
  },
  validate: (slice: EndpointSlice) => checkSlice(slice),
  validateUpdate(slice: EndpointSlice, old: EndpointSlice) {
    const out = checkSlice(slice);
    checkLabels(slice.metadata.labels, root("metadata", "labels"), out); // the original looks at them again
    checkImmutable(slice.addressType, old.addressType, root("addressType"), out);
    return out;
  },
  table: {
    columns: [nameColumn, text("AddressType"), text("Ports"), text("Endpoints"), ageColumn],
    cells: (slice: EndpointSlice, now) => [
      nameOf(slice),
      slice.addressType,
      shownList((slice.ports ?? []).map(({ port }) => (port === undefined ? "*" : String(port)))),
      shownList((slice.endpoints ?? []).flatMap(({ addresses }) => addresses ?? [])),
      ageOf(slice, now),
    ],
  },
};

/** The original keeps no empty lists here. */
function emptyIsNull(slice: EndpointSlice): void {
  if (slice.endpoints?.length === 0) Object.assign(slice, { endpoints: null });
  if (slice.ports?.length === 0) Object.assign(slice, { ports: null });
}

const shownMax = 3;

function shownList(all: readonly string[]): string {
  if (all.length === 0) return "<unset>";
  const shown = all.slice(0, shownMax).join(",");
  return all.length > shownMax ? `${shown} + ${all.length - shownMax} more...` : shown;
}

function checkSlice(slice: EndpointSlice): FieldError[] {
  const out: FieldError[] = [];
  checkRequiredSupported(slice.addressType, addressTypes, root("addressType"), out);
  checkEndpoints(slice, out);
  checkPorts(slice, out);
  return out;
}

function checkEndpoints(slice: EndpointSlice, out: FieldError[]): void {
  const path = root("endpoints");
  const endpoints = slice.endpoints ?? [];
  if (endpoints.length > endpointsMax) {
    out.push(fieldError.tooMany(path, endpoints.length, endpointsMax));
    return;
  }
  for (const [i, endpoint] of endpoints.entries()) checkEndpoint(endpoint, slice.addressType, path.index(i), out);
}

function checkEndpoint(endpoint: Endpoint, type: string, path: FieldPath, out: FieldError[]): void {
  const addresses = endpoint.addresses ?? [];
  const at = path.child("addresses");
  if (addresses.length === 0) out.push(fieldError.required(at, "must contain at least 1 address"));
  else if (addresses.length > addressesMax) out.push(fieldError.tooMany(at, addresses.length, addressesMax));
  for (const [i, address] of addresses.entries()) checkAddress(address, type, at.index(i), out);
  const { nodeName, deprecatedTopology, hostname, hints } = endpoint;
  if (nodeName !== undefined) checkWith(isDNS1123Subdomain(nodeName), nodeName, path.child("nodeName"), out);
  for (const [key, value] of Object.entries(deprecatedTopology ?? {})) {
    checkWith([...isQualifiedName(key), ...isValidLabelValue(value)], value, path.child("deprecatedTopology"), out);
  }
  if (hostname !== undefined) checkWith(isDNS1123Label(hostname), hostname, path.child("hostname"), out);
  if (hints) checkHints(hints, path.child("hints"), out);
}

function checkAddress(address: string, type: string, path: FieldPath, out: FieldError[]): void {
  if (type === "FQDN") checkWith(isDNS1123Subdomain(address), address, path, out);
  if (type !== "IPv4" && type !== "IPv6") return;
  const messages = isValidIP(address);
  const isV6 = address.includes(":");
  if (messages.length > 0) checkWith(messages, address, path, out);
  else if (isV6 !== (type === "IPv6")) out.push(fieldError.invalid(path, address, `must be an ${type} address`));
  else checkReachableIP(address, path, out);
}

const hintsMax = 8;

function checkHints(hints: discoveryV1.EndpointHints, path: FieldPath, out: FieldError[]): void {
  const zones = hints.forZones ?? [];
  const at = path.child("forZones");
  if (zones.length > hintsMax) {
    out.push(fieldError.tooMany(at, zones.length, hintsMax));
    return;
  }
  const seen = new Set<string>();
  for (const [i, { name = "" }] of zones.entries()) {
    const namePath = at.index(i).child("name");
    if (seen.has(name)) out.push(fieldError.duplicate(namePath, name));
    else {
      seen.add(name);
      checkWith(isValidLabelValue(name), name, namePath, out);
    }
  }
}

function checkPorts(slice: EndpointSlice, out: FieldError[]): void {
  const path = root("ports");
  const ports = slice.ports ?? [];
  if (ports.length > portsMax) return void out.push(fieldError.tooMany(path, ports.length, portsMax));
  const names = new Set<string>();
  for (const [i, { name = "", protocol, appProtocol }] of ports.entries()) {
    const at = path.index(i);
    if (name) checkWith(isDNS1123Label(name), name, at.child("name"), out);
    if (names.has(name)) out.push(fieldError.duplicate(at.child("name"), name));
    names.add(name);
    checkRequiredSupported(protocol, protocols, at.child("protocol"), out);
    if (appProtocol !== undefined) checkWith(isQualifiedName(appProtocol), appProtocol, at.child("appProtocol"), out);
  }
}
