import type { FieldError, FieldPath } from "../../meta/index.ts";
import { fieldError } from "../../meta/index.ts";
import type { resourceV1 } from "../../types/index.ts";
import { checkDNSLabel, checkDNSSubdomain, checkSupported } from "../field-checks.ts";
import { checkList, checkSet } from "./collections.ts";
import { limits } from "./limits.ts";
import { checkFullyQualifiedName } from "./names.ts";
import { checkConfiguration, checkSelectors, checkToleration, defaultTolerations } from "./parts.ts";

type Request = resourceV1.ExactDeviceRequest | resourceV1.DeviceSubRequest;
type Claim = resourceV1.DeviceClaim;

export function defaultDeviceClaim(claim: Claim | undefined): void {
  for (const { exactly, firstAvailable } of claim?.requests ?? []) {
    if (exactly) defaultRequest(exactly);
    for (const request of firstAvailable ?? []) defaultRequest(request);
  }
}

/** Unless all are wanted, one is. */
export function defaultRequest(request: {
  allocationMode?: string;
  count?: number;
  tolerations?: resourceV1.DeviceToleration[];
}): void {
  request.allocationMode ||= "ExactCount";
  if (request.allocationMode === "ExactCount") request.count ||= 1;
  defaultTolerations(request.tolerations);
}

/** No requests are null, also when they come as an empty list. */
export function forgetEmptyRequests(claim: Claim | undefined): void {
  if (claim?.requests?.length === 0) claim.requests = null;
}

/** The names by which constraints, configuration and results speak of requests: `request` and `request/alternative`. */
export function requestNames(claim: Claim | undefined): ReadonlySet<string> {
  const names = new Set<string>();
  for (const { name, firstAvailable } of claim?.requests ?? []) {
    names.add(name);
    for (const alternative of firstAvailable ?? []) names.add(`${name}/${alternative.name}`);
  }
  return names;
}

export function checkDeviceClaim(claim: Claim | undefined, path: FieldPath, out: FieldError[]): void {
  if (!claim) return;
  const names = requestNames(claim);
  checkSet(claim.requests, limits.requests, checkDeviceRequest, ({ name }) => name ?? "", path.child("requests"), out);
  const checkOneConstraint = (constraint: resourceV1.DeviceConstraint, at: FieldPath) =>
    checkConstraint(constraint, names, at, out);
  checkList(claim.constraints, limits.constraints, checkOneConstraint, path.child("constraints"), out);
  const checkOneConfig = (config: resourceV1.DeviceClaimConfiguration, at: FieldPath) => {
    checkRequestNames(config.requests, names, at.child("requests"), out);
    checkConfiguration(config, false, at, out);
  };
  checkList(claim.config, limits.config, checkOneConfig, path.child("config"), out);
}

function checkDeviceRequest(request: resourceV1.DeviceRequest, path: FieldPath, out: FieldError[]): void {
  checkDNSLabel(request.name ?? "", path.child("name"), out);
  const { exactly, firstAvailable = [] } = request;
  const detail = "exactly one of `exactly` or `firstAvailable` is required";
  if (!exactly && firstAvailable.length === 0) out.push(fieldError.required(path, detail));
  else if (exactly && firstAvailable.length > 0) {
    out.push(fieldError.invalid(path, null, `${detail}, but multiple fields are set`));
  } else if (exactly) checkRequest(exactly, path.child("exactly"), out);
  else {
    const at = path.child("firstAvailable");
    checkSet(firstAvailable, limits.subRequests, checkSubRequest, ({ name }) => name ?? "", at, out);
  }
}

function checkSubRequest(request: resourceV1.DeviceSubRequest, path: FieldPath, out: FieldError[]): void {
  checkDNSLabel(request.name ?? "", path.child("name"), out);
  checkRequest(request, path, out);
}

function checkRequest(request: Request, path: FieldPath, out: FieldError[]): void {
  const { deviceClassName, allocationMode, count = 0 } = request;
  const classPath = path.child("deviceClassName");
  if (deviceClassName) checkDNSSubdomain(deviceClassName, classPath, out);
  else out.push(fieldError.required(classPath, ""));
  checkSelectors(request.selectors, false, path.child("selectors"), out);
  const countPath = path.child("count");
  if (allocationMode === "All") {
    if (count !== 0) {
      out.push(fieldError.invalid(countPath, count, "must not be specified when allocationMode is 'All'"));
    }
  } else if (allocationMode === "ExactCount") {
    if (count <= 0) out.push(fieldError.invalid(countPath, count, "must be greater than zero"));
  } else checkSupported(allocationMode, ["All", "ExactCount"], path.child("allocationMode"), out);
  for (const [i, toleration] of (request.tolerations ?? []).entries()) {
    checkToleration(toleration, path.child("tolerations").index(i), out);
  }
}

function checkConstraint(
  { requests, matchAttribute, distinctAttribute }: resourceV1.DeviceConstraint,
  names: ReadonlySet<string>,
  path: FieldPath,
  out: FieldError[],
): void {
  checkRequestNames(requests, names, path.child("requests"), out);
  if (matchAttribute !== undefined) checkFullyQualifiedName(matchAttribute, path.child("matchAttribute"), out);
  else if (distinctAttribute !== undefined) {
    checkFullyQualifiedName(distinctAttribute, path.child("distinctAttribute"), out);
  } else {
    // The words are the original's, though none is set.
    const detail = 'exactly one of "matchAttribute" or "distinctAttribute" is required, but multiple fields are set';
    out.push(fieldError.required(path, detail));
  }
}

export function checkRequestNames(
  requests: readonly string[] | undefined,
  names: ReadonlySet<string>,
  path: FieldPath,
  out: FieldError[],
): void {
  const check = (name: string, at: FieldPath) => checkRequestName(name, names, at, out);
  checkSet(requests, limits.requests, check, (name) => name, path, out);
}

export function checkRequestName(name: string, names: ReadonlySet<string>, path: FieldPath, out: FieldError[]): void {
  const detail =
    "must be the name of a request in the claim or the name of a request and a subrequest separated by '/'";
  const segments = name.split("/");
  if (segments.length <= 2) for (const segment of segments) checkDNSLabel(segment, path, out);
  if (!names.has(name)) out.push(fieldError.invalid(path, name, detail));
}
