import { compareQuantity, formatQuantity, type KubeObject, parseQuantity } from "../../api/meta/index.ts";
import { podTotals, type ResourceField } from "../../api/pod-resources/index.ts";
import type { Pod as ApiPod } from "../../api/types/index.ts";
import { type AdmissionPlugin, type Attributes, isAbout } from "./admission.ts";
import type { Lookup } from "./lookup.ts";
import { type Container, isPod, type Resources, specOf } from "./pod.ts";
import { refuse } from "./refusal.ts";

interface Limit {
  type: string;
  max?: Record<string, string>;
  min?: Record<string, string>;
  default?: Record<string, string>;
  defaultRequest?: Record<string, string>;
  maxLimitRequestRatio?: Record<string, string>;
}
type LimitRange = KubeObject & { spec?: { limits?: Limit[] } };
type Claim = KubeObject & { spec?: { resources?: Resources } };

const annotation = "kubernetes.io/limit-ranger";

/** Fills in and enforces the limit ranges of a namespace. */
export function limitRanger(lookup: Lookup): AdmissionPlugin {
  const rangesOf = async (attributes: Attributes) => [
    ...((await lookup.list("", "limitranges", attributes.namespace)) as Iterable<LimitRange>),
  ];
  return {
    name: "LimitRanger",
    handles: (attributes) => isPod(attributes, "CREATE") || isResize(attributes) || isClaim(attributes),
    async admit(attributes) {
      if (!isPod(attributes, "CREATE")) return;
      for (const range of await rangesOf(attributes)) setDefaults(attributes, range);
    },
    async validate(attributes) {
      for (const range of await rangesOf(attributes)) {
        const found = isClaim(attributes)
          ? claimErrors(attributes.object as Claim, range)
          : podErrors(attributes, range);
        if (found.length === 0) continue;
        const why = found.length === 1 ? (found[0] ?? "") : `[${found.join(", ")}]`;
        throw refuse(attributes, why);
      }
    },
  };
}

function isClaim(attributes: Attributes): boolean {
  const { operation } = attributes;
  if (operation !== "CREATE" && operation !== "UPDATE") return false;
  return isAbout(attributes, "", "persistentvolumeclaims");
}

function isResize(attributes: Attributes): boolean {
  return attributes.operation === "UPDATE" && isAbout(attributes, "", "pods", "resize");
}

function limitsOf(range: LimitRange, type: string): Limit[] {
  return range.spec?.limits?.filter((limit) => limit.type === type) ?? [];
}

function setDefaults(attributes: Attributes, range: LimitRange): void {
  const { object } = attributes;
  if (object === undefined) return;
  const spec = specOf(attributes);
  const told: string[] = [];
  for (const limit of limitsOf(range, "Container")) {
    for (const container of spec.containers ?? []) told.push(...fill(container, limit, "container"));
    for (const container of spec.initContainers ?? []) told.push(...fill(container, limit, "init container"));
  }
  if (told.length === 0) return;
  const text = `LimitRanger plugin set: ${told.join("; ")}`;
  object.metadata.annotations = { ...object.metadata.annotations, [annotation]: text };
}

function fill(container: Container, limit: Limit, what: string): string[] {
  const { limits, requests } = { limits: {}, requests: {}, ...container.resources };
  const setRequests = missingFrom(requests, limit.defaultRequest);
  const setLimits = missingFrom(limits, limit.default);
  if (setRequests.length + setLimits.length === 0) return [];
  container.resources = {
    ...container.resources,
    limits: { ...pick(limit.default, setLimits), ...limits },
    requests: { ...pick(limit.defaultRequest, setRequests), ...requests },
  };
  const told: string[] = [];
  if (setRequests.length > 0) told.push(`${setRequests.join(", ")} request for ${what} ${container.name}`);
  if (setLimits.length > 0) told.push(`${setLimits.join(", ")} limit for ${what} ${container.name}`);
  return told;
}

function missingFrom(present: Record<string, string>, wanted: Record<string, string> | undefined): string[] {
  return Object.keys(wanted ?? {})
    .filter((name) => !(name in present))
    .sort();
}

function pick(from: Record<string, string> | undefined, names: readonly string[]): Record<string, string> {
  return Object.fromEntries(names.map((name) => [name, from?.[name] ?? ""]));
}

function podErrors(attributes: Attributes, range: LimitRange): string[] {
  const found: string[] = [];
  const spec = specOf(attributes);
  const containers = [...(spec.containers ?? []), ...(spec.initContainers ?? [])];
  for (const limit of range.spec?.limits ?? []) {
    if (limit.type === "Pod") found.push(...violations("Pod", limit, sumOf(attributes.object as ApiPod)));
    if (limit.type !== "Container") continue;
    for (const container of containers) found.push(...violations("Container", limit, container.resources ?? {}));
  }
  return found;
}

function claimErrors(claim: Claim, range: LimitRange): string[] {
  const resources = { requests: claim.spec?.resources?.requests };
  return limitsOf(range, "PersistentVolumeClaim").flatMap((limit) =>
    violations("PersistentVolumeClaim", limit, resources, true),
  );
}

function violations(type: string, limit: Limit, resources: Resources, requestsOnly = false): string[] {
  const { requests = {}, limits = {} } = resources;
  const found: string[] = [];
  for (const name of Object.keys(limit.min ?? {}).sort()) {
    found.push(...belowMinimum(type, name, limit.min?.[name] ?? "0", requests[name], limits[name]));
  }
  for (const name of Object.keys(limit.max ?? {}).sort()) {
    const max = limit.max?.[name] ?? "0";
    found.push(
      ...(requestsOnly
        ? requestAbove(type, name, max, requests[name])
        : aboveMaximum(type, name, max, requests[name], limits[name])),
    );
  }
  for (const name of Object.keys(limit.maxLimitRequestRatio ?? {}).sort()) {
    found.push(...ratioAbove(type, name, limit.maxLimitRequestRatio?.[name] ?? "0", requests[name], limits[name]));
  }
  return found;
}

function belowMinimum(type: string, name: string, min: string, request?: string, limit?: string): string[] {
  if (request === undefined) return [`minimum ${name} usage per ${type} is ${min}.  No request is specified`];
  if (less(request, min)) return [`minimum ${name} usage per ${type} is ${min}, but request is ${request}`];
  if (limit !== undefined && less(limit, min))
    return [`minimum ${name} usage per ${type} is ${min}, but limit is ${limit}`];
  return [];
}

function aboveMaximum(type: string, name: string, max: string, request?: string, limit?: string): string[] {
  if (limit === undefined) return [`maximum ${name} usage per ${type} is ${max}.  No limit is specified`];
  if (less(max, limit)) return [`maximum ${name} usage per ${type} is ${max}, but limit is ${limit}`];
  return request === undefined ? [] : requestAbove(type, name, max, request);
}

function requestAbove(type: string, name: string, max: string, request?: string): string[] {
  if (request === undefined) return [`maximum ${name} usage per ${type} is ${max}.  No request is specified`];
  return less(max, request) ? [`maximum ${name} usage per ${type} is ${max}, but request is ${request}`] : [];
}

function ratioAbove(type: string, name: string, max: string, request?: string, limit?: string): string[] {
  const prefix = `${name} max limit to request ratio per ${type} is ${max}, but`;
  if (request === undefined || parseQuantity(request).nano === 0n)
    return [`${prefix} no request is specified or request is 0`];
  if (limit === undefined || parseQuantity(limit).nano === 0n) return [`${prefix} no limit is specified or limit is 0`];
  const ratio = Number(parseQuantity(limit).nano) / Number(parseQuantity(request).nano);
  return ratio > Number(parseQuantity(max).nano) / 1e9 ? [`${prefix} provided ratio is ${ratio.toFixed(6)}`] : [];
}

function less(a: string, b: string): boolean {
  return compareQuantity(parseQuantity(a), parseQuantity(b)) < 0;
}

/** What the containers ask for together, or what the pod itself says; its overhead does not count here. */
function sumOf(pod: ApiPod): Resources {
  const plain = { ...pod, spec: { ...pod.spec, overhead: undefined } };
  const text = (field: ResourceField) =>
    Object.fromEntries([...podTotals(plain, field, "wanted")].map(([name, value]) => [name, formatQuantity(value)]));
  return { requests: text("requests"), limits: text("limits") };
}
