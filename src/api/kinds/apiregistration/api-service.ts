import type { FieldError } from "../../meta/index.ts";
import {
  fieldError,
  isDNS1035Label,
  isDNS1123Subdomain,
  isPathSegmentName,
  isValidPortNum,
  root,
} from "../../meta/index.ts";
import type { APIService } from "../../types/index.ts";
import { checkSupported, checkWith } from "../field-checks.ts";
import type { KindStrategy } from "../generic.ts";
import { restoreMetadata } from "../status-metadata.ts";
import { ageColumn, ageOf, nameColumn, nameOf, text } from "../table/cells.ts";

const specPath = root("spec");
const groupPriorityMax = 20_000;
const versionPriorityMax = 1000;

export const apiServiceStrategy: KindStrategy = {
  applyDefaults({ spec }: APIService) {
    if (spec.service) spec.service.port ??= 443;
  },
  prepareForCreate(service: APIService) {
    if (service.spec.service) return;
    const available = {
      type: "Available",
      status: "True",
      lastTransitionTime: service.metadata.creationTimestamp ?? undefined,
      reason: "Local",
      message: "Local APIServices are always available",
    };
    service.status = { conditions: [available] };
  },
  // That the name is made of version and group is said with the rest: it needs the whole object.
  validateName: isPathSegmentName,
  validate: (service: APIService) => checkService(service),
  validateUpdate: (service: APIService) => checkService(service),
  updates: {
    status: { prepareForUpdate: restoreMetadata, validateUpdate: (service: APIService) => checkStatus(service) },
  },
  statusResetFields: [["metadata"]],
  table: {
    columns: [nameColumn, text("Service"), text("Available"), ageColumn],
    cells: (service: APIService, now) => [
      nameOf(service),
      service.spec.service ? `${service.spec.service.namespace ?? ""}/${service.spec.service.name ?? ""}` : "Local",
      availableText(service),
      ageOf(service, now),
    ],
  },
};

function availableText({ status }: APIService): string {
  const available = status?.conditions?.find(({ type }) => type === "Available");
  if (!available) return "Unknown";
  return available.status === "True" ? "True" : `${available.status} (${available.reason ?? ""})`;
}

function checkService({ metadata, spec }: APIService): FieldError[] {
  const out: FieldError[] = [];
  const { group = "", version = "", groupPriorityMinimum, versionPriority } = spec;
  const expected = `${version}.${group}`;
  if (metadata.name && metadata.name !== expected && isPathSegmentName(metadata.name).length === 0) {
    const detail = `must be \`spec.version+"."+spec.group\`: "${expected}"`;
    out.push(fieldError.invalid(root("metadata", "name"), metadata.name, detail));
  }
  if (group !== "") checkWith(isDNS1123Subdomain(group), group, specPath.child("group"), out);
  else if (version !== "v1") {
    const detail = "only v1 may have an empty group and it better be legacy kube";
    out.push(fieldError.required(specPath.child("group"), detail));
  }
  checkWith(isDNS1035Label(version), version, specPath.child("version"), out);
  const priorities = [
    ["groupPriorityMinimum", groupPriorityMinimum, groupPriorityMax],
    ["versionPriority", versionPriority, versionPriorityMax],
  ] as const;
  for (const [field, priority, max] of priorities) {
    if (priority > 0 && priority <= max) continue;
    out.push(fieldError.invalid(specPath.child(field), priority, `must be positive and less than ${max}`));
  }
  checkBackend(spec, out);
  return out;
}

function checkBackend({ service, caBundle, insecureSkipTLSVerify }: APIService["spec"], out: FieldError[]): void {
  const insecurePath = specPath.child("insecureSkipTLSVerify");
  if (!service) {
    if (caBundle) {
      const shown = `${Buffer.byteLength(caBundle, "base64")} bytes`;
      out.push(fieldError.invalid(specPath.child("caBundle"), shown, "local APIServices may not have a caBundle"));
    }
    if (insecureSkipTLSVerify) {
      out.push(fieldError.invalid(insecurePath, true, "local APIServices may not have insecureSkipTLSVerify"));
    }
    return;
  }
  const path = specPath.child("service");
  if (!service.namespace) out.push(fieldError.required(path.child("namespace"), ""));
  if (!service.name) out.push(fieldError.required(path.child("name"), ""));
  for (const message of service.port === undefined ? [] : isValidPortNum(service.port)) {
    out.push(fieldError.invalid(path.child("port"), service.port, `port is not valid: ${message}`));
  }
  if (insecureSkipTLSVerify && caBundle) {
    out.push(fieldError.invalid(insecurePath, true, "may not be true if caBundle is present"));
  }
}

function checkStatus({ status }: APIService): FieldError[] {
  const out: FieldError[] = [];
  for (const [i, condition] of (status?.conditions ?? []).entries()) {
    const path = root("status", "conditions").index(i).child("status");
    checkSupported(condition.status, ["True", "False", "Unknown"], path, out);
  }
  return out;
}
