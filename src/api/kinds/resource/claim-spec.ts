import type { FieldError, FieldPath } from "../../meta/index.ts";
import { fieldError, isDNS1123Label, isDNS1123Subdomain, isQualifiedName } from "../../meta/index.ts";
import type {
  DeviceClaim,
  DeviceConstraint,
  DeviceRequest,
  DeviceSelector,
  DeviceSubRequest,
  DeviceToleration,
  ExactDeviceRequest,
  OpaqueDeviceConfiguration,
  ResourceClaimSpec,
} from "../../types/index.ts";
import { checkSupported, checkWith } from "../field-checks.ts";
import { checkDriverName } from "./names.ts";

const requestsMax = 32;
const constraintsMax = 32;
const configsMax = 32;
const selectorsMax = 32;
const subRequestsMax = 8;
const tolerationsMax = 16;

type Demand = ExactDeviceRequest | DeviceSubRequest;

export function defaultClaimSpec(spec: ResourceClaimSpec): void {
  for (const request of spec.devices?.requests ?? []) {
    if (request.exactly) defaultDemand(request.exactly);
    for (const sub of request.firstAvailable ?? []) defaultDemand(sub);
  }
}

export function defaultDemand(demand: Partial<Demand>): void {
  demand.allocationMode ||= "ExactCount";
  if (demand.allocationMode === "ExactCount") demand.count ||= 1;
  for (const toleration of demand.tolerations ?? []) toleration.operator ||= "Equal";
}

/** The rules of a claim for devices, also of those that a template makes. */
export function checkClaimSpec(spec: ResourceClaimSpec, path: FieldPath, out: FieldError[]): void {
  const devices: DeviceClaim = spec.devices ?? {};
  const at = path.child("devices");
  const requests = devices.requests ?? [];
  checkCount(requests, requestsMax, at.child("requests"), out);
  const names = new Set<string>();
  for (const [i, request] of requests.entries()) {
    const requestPath = at.child("requests").index(i);
    checkRequest(request, requestPath, out);
    checkUnique(request.name, names, requestPath, out);
  }
  const known = new Set([...names, ...requests.flatMap(subRequestNames)]);
  checkCount(devices.constraints ?? [], constraintsMax, at.child("constraints"), out);
  for (const [i, constraint] of (devices.constraints ?? []).entries()) {
    checkConstraint(constraint, known, at.child("constraints").index(i), out);
  }
  checkCount(devices.config ?? [], configsMax, at.child("config"), out);
  for (const [i, config] of (devices.config ?? []).entries()) {
    const configPath = at.child("config").index(i);
    checkRequestNames(config.requests ?? [], known, configPath.child("requests"), out);
    checkConfiguration(config, configPath, out);
  }
}

function subRequestNames({ name, firstAvailable }: DeviceRequest): string[] {
  return (firstAvailable ?? []).map((sub) => `${name}/${sub.name}`);
}

function checkCount(list: readonly unknown[], max: number, path: FieldPath, out: FieldError[]): void {
  if (list.length > max) out.push(fieldError.tooMany(path, list.length, max));
}

export function checkUnique(name: string, seen: Set<string>, path: FieldPath, out: FieldError[]): void {
  if (seen.has(name)) out.push(fieldError.duplicate(path, name));
  seen.add(name);
}

function checkRequest(request: DeviceRequest, path: FieldPath, out: FieldError[]): void {
  const { name, exactly, firstAvailable } = request;
  checkWith(isDNS1123Label(name ?? ""), name ?? "", path.child("name"), out);
  const alternatives = firstAvailable ?? [];
  if (exactly && alternatives.length > 0) {
    const detail = "exactly one of `exactly` or `firstAvailable` is required, but multiple fields are set";
    out.push(fieldError.invalid(path, "{`exactly`, `firstAvailable`}", detail));
  } else if (!exactly && alternatives.length === 0) {
    out.push(fieldError.required(path, "exactly one of `exactly` or `firstAvailable` is required"));
  }
  if (exactly) checkDemand(exactly, path.child("exactly"), out);
  const alternativesPath = path.child("firstAvailable");
  checkCount(alternatives, subRequestsMax, alternativesPath, out);
  const names = new Set<string>();
  for (const [i, sub] of alternatives.entries()) {
    const at = alternativesPath.index(i);
    checkWith(isDNS1123Label(sub.name ?? ""), sub.name ?? "", at.child("name"), out);
    checkDemand(sub, at, out);
    checkUnique(sub.name, names, at, out);
  }
}

function checkDemand(demand: Demand, path: FieldPath, out: FieldError[]): void {
  const { deviceClassName, allocationMode = "", count = 0 } = demand;
  const classPath = path.child("deviceClassName");
  if (!deviceClassName) out.push(fieldError.required(classPath, ""));
  else checkWith(isDNS1123Subdomain(deviceClassName), deviceClassName, classPath, out);
  checkSelectors(demand.selectors, path.child("selectors"), out);
  const countPath = path.child("count");
  if (allocationMode === "All") {
    if (count !== 0) {
      out.push(fieldError.invalid(countPath, count, "must not be specified when allocationMode is 'All'"));
    }
  } else if (allocationMode === "ExactCount") {
    if (count <= 0) out.push(fieldError.invalid(countPath, count, "must be greater than zero"));
  } else {
    out.push(fieldError.notSupported(path.child("allocationMode"), allocationMode, ["All", "ExactCount"]));
  }
  checkTolerations(demand.tolerations ?? [], path.child("tolerations"), out);
}

/** Expressions themselves are not evaluated here. */
export function checkSelectors(
  selectors: readonly DeviceSelector[] | undefined,
  path: FieldPath,
  out: FieldError[],
): void {
  checkCount(selectors ?? [], selectorsMax, path, out);
  for (const [i, { cel }] of (selectors ?? []).entries()) {
    if (!cel) out.push(fieldError.required(path.index(i).child("cel"), ""));
  }
}

function checkTolerations(tolerations: readonly DeviceToleration[], path: FieldPath, out: FieldError[]): void {
  checkCount(tolerations, tolerationsMax, path, out);
  for (const [i, { key, operator, value, effect }] of tolerations.entries()) {
    const at = path.index(i);
    if (key) checkWith(isQualifiedName(key), key, at.child("key"), out);
    if (operator === "Exists") {
      if (value) out.push(fieldError.invalid(at.child("value"), value, "must be empty for operator `Exists`"));
    } else if (operator === "Equal") {
      if (!key) out.push(fieldError.required(at.child("key"), "must be specified when operator is `Equal`"));
    } else if (!operator) out.push(fieldError.required(at.child("operator"), ""));
    else checkSupported(operator, ["Equal", "Exists"], at.child("operator"), out);
    if (effect) checkSupported(effect, ["NoExecute", "NoSchedule"], at.child("effect"), out);
  }
}

function checkRequestNames(
  names: readonly string[],
  known: ReadonlySet<string>,
  path: FieldPath,
  out: FieldError[],
): void {
  const seen = new Set<string>();
  for (const [i, name] of names.entries()) {
    if (!known.has(name)) {
      const detail =
        "must be the name of a request in the claim or the name of a request and a subrequest separated by '/'";
      out.push(fieldError.invalid(path.index(i), name, detail));
    }
    checkUnique(name, seen, path.index(i), out);
  }
}

function checkConstraint(
  constraint: DeviceConstraint,
  known: ReadonlySet<string>,
  path: FieldPath,
  out: FieldError[],
): void {
  checkRequestNames(constraint.requests ?? [], known, path.child("requests"), out);
  const { matchAttribute, distinctAttribute } = constraint;
  if (matchAttribute !== undefined) checkAttributeName(matchAttribute, path.child("matchAttribute"), out);
  else if (distinctAttribute !== undefined) {
    checkAttributeName(distinctAttribute, path.child("distinctAttribute"), out);
  } else out.push(fieldError.required(path, "must specify either `matchAttribute` or `distinctAttribute`"));
}

function checkAttributeName(name: string, path: FieldPath, out: FieldError[]): void {
  if (name === "") out.push(fieldError.required(path, "name required"));
  else if (!name.includes("/")) out.push(fieldError.invalid(path, name, "must include a domain"));
  else checkWith(isQualifiedName(name), name, path, out);
}

/** Parameters that only the driver understands. */
export function checkConfiguration(
  { opaque }: { opaque?: OpaqueDeviceConfiguration },
  path: FieldPath,
  out: FieldError[],
): void {
  const at = path.child("opaque");
  if (!opaque) {
    out.push(fieldError.required(at, ""));
    return;
  }
  checkDriverName(opaque.driver, at.child("driver"), out);
  const { parameters } = opaque;
  const parametersPath = at.child("parameters");
  if (parameters === undefined || parameters === null) out.push(fieldError.required(parametersPath, ""));
  else if (typeof parameters !== "object" || Array.isArray(parameters)) {
    out.push(fieldError.invalid(parametersPath, "<value omitted>", "must be a valid JSON object"));
  }
}
