import type { FieldError, FieldPath } from "../../meta/index.ts";
import {
  fieldError,
  isDNS1123Label,
  isDNS1123Subdomain,
  isPathSegmentName,
  isPortName,
  isValidIP,
  isValidPortNum,
  isWildcardDNS1123Subdomain,
  root,
} from "../../meta/index.ts";
import { givenValue } from "../../schema/index.ts";
import type { HTTPIngressPath, Ingress, IngressBackend, IngressRule, IngressTLS } from "../../types/index.ts";
import { checkDNSSubdomain, checkWith } from "../field-checks.ts";
import type { KindStrategy } from "../generic.ts";
import { ageColumn, ageOf, nameColumn, nameOf, none, text } from "../table/cells.ts";

const classAnnotation = "kubernetes.io/ingress.class";
const specPath = root("spec");
const pathTypes = ["Exact", "ImplementationSpecific", "Prefix"];
const forbiddenSequences = ["//", "/./", "/../", "%2f", "%2F"];
const forbiddenEndings = ["/..", "/."];

export const ingressStrategy: KindStrategy = {
  validate(ingress: Ingress) {
    const out = checkIngress(ingress);
    checkClassAnnotation(ingress, out);
    return out;
  },
  validateUpdate: (ingress: Ingress) => checkIngress(ingress),
  warnings(ingress: Ingress, old?: Ingress) {
    if (old || !ingress.metadata.annotations || !(classAnnotation in ingress.metadata.annotations)) return [];
    return [`annotation "${classAnnotation}" is deprecated, please use 'spec.ingressClassName' instead`];
  },
  updates: {
    status: { prepareForUpdate() {}, validateUpdate: (ingress: Ingress) => checkStatus(ingress) },
  },
  table: {
    columns: [nameColumn, text("Class"), text("Hosts"), text("Address"), text("Ports"), ageColumn],
    cells: (ingress: Ingress, now) => [
      nameOf(ingress),
      ingress.spec.ingressClassName ?? ingress.metadata.annotations?.[classAnnotation] ?? none,
      hostsText(ingress.spec.rules ?? []),
      (ingress.status?.loadBalancer?.ingress ?? []).map(({ ip, hostname }) => ip || hostname || "").join(","),
      (ingress.spec.tls ?? []).length > 0 ? "80, 443" : "80",
      ageOf(ingress, now),
    ],
  },
};

const hostsMax = 3;

function hostsText(rules: readonly IngressRule[]): string {
  const hosts: string[] = [];
  let isCut = false;
  for (const { host } of rules) {
    if (hosts.length === hostsMax) isCut = true;
    else if (host) hosts.push(host);
  }
  if (hosts.length === 0) return "*";
  return isCut ? `${hosts.join(",")} + ${rules.length - hostsMax} more...` : hosts.join(",");
}

function checkIngress({ spec }: Ingress): FieldError[] {
  const out: FieldError[] = [];
  const rules = spec.rules ?? [];
  if (rules.length === 0 && !spec.defaultBackend) {
    const detail = "either `defaultBackend` or `rules` must be specified";
    out.push(fieldError.invalid(specPath, givenValue(spec, "rules"), detail));
  }
  if (spec.defaultBackend) checkBackend(spec.defaultBackend, specPath.child("defaultBackend"), out);
  for (const [i, rule] of rules.entries()) checkRule(rule, specPath.child("rules").index(i), out);
  for (const [i, tls] of (spec.tls ?? []).entries()) checkTLS(tls, specPath.child("tls").index(i), out);
  if (spec.ingressClassName !== undefined) {
    checkDNSSubdomain(spec.ingressClassName, specPath.child("ingressClassName"), out);
  }
  return out;
}

function checkClassAnnotation({ metadata, spec }: Ingress, out: FieldError[]): void {
  const annotated = metadata.annotations?.[classAnnotation];
  if (annotated === undefined || spec.ingressClassName === undefined || annotated === spec.ingressClassName) return;
  const path = root("metadata", "annotations", classAnnotation);
  out.push(fieldError.invalid(path, annotated, "must match `ingressClassName` when both are specified"));
}

function checkHost(host: string, path: FieldPath, out: FieldError[]): void {
  const check = host.includes("*") ? isWildcardDNS1123Subdomain : isDNS1123Subdomain;
  checkWith(check(host), host, path, out);
}

function checkRule(rule: IngressRule, path: FieldPath, out: FieldError[]): void {
  const { host, http } = rule;
  if (host) {
    if (isValidIP(host).length === 0) {
      out.push(fieldError.invalid(path.child("host"), host, "must be a DNS name, not an IP address"));
    }
    checkHost(host, path.child("host"), out);
  }
  if (!http) return;
  const pathsPath = path.child("http", "paths");
  const paths = http.paths ?? [];
  if (paths.length === 0) out.push(fieldError.required(pathsPath, ""));
  for (const [i, one] of paths.entries()) checkPath(one, pathsPath.index(i), out);
}

function checkPath({ path, pathType, backend }: HTTPIngressPath, at: FieldPath, out: FieldError[]): void {
  if (pathType === undefined) {
    out.push(fieldError.required(at.child("pathType"), "pathType must be specified"));
    return;
  }
  if (!pathTypes.includes(pathType)) out.push(fieldError.notSupported(at.child("pathType"), pathType, pathTypes));
  else checkPathText(path ?? "", pathType, at.child("path"), out);
  checkBackend(backend ?? {}, at.child("backend"), out);
}

function checkPathText(path: string, pathType: string, at: FieldPath, out: FieldError[]): void {
  const isLoose = pathType === "ImplementationSpecific";
  if (isLoose && path === "") return;
  if (!path.startsWith("/")) out.push(fieldError.invalid(at, path, "must be an absolute path"));
  if (isLoose || path === "") return;
  for (const sequence of forbiddenSequences) {
    if (path.includes(sequence)) out.push(fieldError.invalid(at, path, `must not contain '${sequence}'`));
  }
  for (const ending of forbiddenEndings) {
    if (path.endsWith(ending)) out.push(fieldError.invalid(at, path, `cannot end with '${ending}'`));
  }
}

function checkBackend({ service, resource }: IngressBackend, path: FieldPath, out: FieldError[]): void {
  if (service && resource) {
    out.push(fieldError.invalid(path, "", "cannot set both resource and service backends"));
  } else if (resource) {
    const at = path.child("resource");
    if (resource.apiGroup !== undefined) checkDNSSubdomain(resource.apiGroup, at.child("apiGroup"), out);
    checkSegment(resource.kind, at.child("kind"), out);
    checkSegment(resource.name, at.child("name"), out);
  } else if (service) {
    const at = path.child("service");
    if (!service.name) out.push(fieldError.required(at.child("name"), ""));
    else checkWith(isDNS1123Label(service.name), service.name, at.child("name"), out);
    checkBackendPort(service.port ?? {}, path, out);
  } else {
    out.push(fieldError.invalid(path, "", "resource or service backend is required"));
  }
}

function checkBackendPort({ name, number }: { name?: string; number?: number }, path: FieldPath, out: FieldError[]) {
  const at = path.child("service", "port");
  if (name && number) out.push(fieldError.invalid(path, "", "cannot set both port name & port number"));
  else if (name) checkWith(isPortName(name), name, at.child("name"), out);
  else if (number) checkWith(isValidPortNum(number), number, at.child("number"), out);
  else out.push(fieldError.required(path, "port name or number is required"));
}

/** A name that stands in a URL and must be set. */
export function checkSegment(name: string | undefined, path: FieldPath, out: FieldError[]): void {
  if (!name) out.push(fieldError.required(path, ""));
  else checkWith(isPathSegmentName(name), name, path, out);
}

function checkTLS({ hosts, secretName }: IngressTLS, path: FieldPath, out: FieldError[]): void {
  for (const [i, host] of (hosts ?? []).entries()) checkHost(host, path.child("hosts").index(i), out);
  if (secretName) checkDNSSubdomain(secretName, path.child("secretName"), out);
}

function checkStatus({ status }: Ingress): FieldError[] {
  const out: FieldError[] = [];
  for (const [i, { ip, hostname }] of (status?.loadBalancer?.ingress ?? []).entries()) {
    const path = root("status", "loadBalancer", "ingress").index(i);
    if (ip) checkWith(isValidIP(ip), ip, path.child("ip"), out);
    if (!hostname) continue;
    checkDNSSubdomain(hostname, path.child("hostname"), out);
    if (isValidIP(hostname).length === 0) {
      out.push(fieldError.invalid(path.child("hostname"), hostname, "must be a DNS name, not an IP address"));
    }
  }
  return out;
}
