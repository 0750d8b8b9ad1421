import type { FieldError, FieldPath } from "../../meta/index.ts";
import { fieldError, humanDuration, isPathSegmentName, root } from "../../meta/index.ts";
import type { CertificateSigningRequest, CertificateSigningRequestCondition } from "../../types/index.ts";
import { checkSupported } from "../field-checks.ts";
import type { KindStrategy } from "../generic.ts";
import type { Requester } from "../kind.ts";
import { ageColumn, ageOf, nameColumn, nameOf, none, text } from "../table/cells.ts";
import { isWholeSequence, pemBlocks } from "./pem.ts";
import { checkSignerName } from "./signer-name.ts";

const specPath = root("spec");
const conditionsPath = root("status", "conditions");
const secondsMin = 600;
const legacySigner = "kubernetes.io/legacy-unknown";
const usages = [
  "any",
  "cert sign",
  "client auth",
  "code signing",
  "content commitment",
  "crl sign",
  "data encipherment",
  "decipher only",
  "digital signature",
  "email protection",
  "encipher only",
  "ipsec end system",
  "ipsec tunnel",
  "ipsec user",
  "key agreement",
  "key encipherment",
  "microsoft sgc",
  "netscape sgc",
  "ocsp signing",
  "s/mime",
  "server auth",
  "signing",
  "timestamping",
];

type Request = CertificateSigningRequest;

export const certificateSigningRequestStrategy: KindStrategy = {
  validateName: isPathSegmentName,
  prepareForCreate: (request: Request, requester) => {
    if (requester !== undefined) stampRequester(request, requester);
  },
  prepareForUpdate: (request: Request, old: Request) => {
    request.spec = old.spec;
  },
  validate: (request: Request) => checkRequest(request),
  validateUpdate: (request: Request, old: Request) => checkUpdate(request, old),
  updates: {
    status: {
      prepareForUpdate: (request: Request, old: Request) => keepDecisions(request, old),
      validateUpdate: (request: Request, old: Request) => checkUpdate(request, old),
    },
    approval: {
      prepareForUpdate: (request: Request, old: Request) => takeConditionsOnly(request, old),
      validateUpdate: (request: Request, old: Request) => checkUpdate(request, old),
    },
  },
  resetFields: {
    "": [["spec"], ["status"]],
    status: [["spec"]],
    approval: [["spec"], ["status", "certificate"]],
  },
  selectableFields: ["spec.signerName"],
  fieldValue: (request: Request, field) => (field === "spec.signerName" ? request.spec.signerName : undefined),
  table: {
    columns: [
      nameColumn,
      ageColumn,
      text("SignerName"),
      text("Requestor"),
      text("RequestedDuration"),
      text("Condition"),
    ],
    cells: (request: Request, now) => [
      nameOf(request),
      ageOf(request, now),
      request.spec.signerName || none,
      request.spec.username ?? "",
      request.spec.expirationSeconds === undefined ? none : humanDuration(request.spec.expirationSeconds * 1000),
      conditionText(request),
    ],
  },
};

/** Who makes a request is put into it: users cannot say it themselves. */
function stampRequester(request: Request, requester: Requester): void {
  const { username: _, uid: __, groups: ___, extra: ____, ...asked } = request.spec;
  const { name, uid, groups, extra } = requester;
  request.spec = {
    ...asked,
    ...(name && { username: name }),
    ...(uid && { uid }),
    ...(groups.length > 0 && { groups: [...groups] }),
    ...(extra && { extra: Object.fromEntries(Object.entries(extra).map(([key, values]) => [key, [...values]])) }),
  };
}

const decisions: ReadonlySet<string> = new Set(["Approved", "Denied"]);

function conditionText({ status }: Request): string {
  const has = (type: string) => (status?.conditions ?? []).some((condition) => condition.type === type);
  const decision = has("Denied") ? "Denied" : has("Approved") ? "Approved" : "Pending";
  return [decision, ...(has("Failed") ? ["Failed"] : []), ...(status?.certificate ? ["Issued"] : [])].join(",");
}

/** Only the approval subresource decides. */
function keepDecisions(request: Request, old: Request): void {
  const kept = (old.status?.conditions ?? []).filter(({ type }) => decisions.has(type));
  const own = (request.status?.conditions ?? []).filter(({ type }) => !decisions.has(type));
  const conditions = [...kept, ...own];
  request.status = { ...request.status, ...(conditions.length > 0 ? { conditions: stamped(conditions) } : {}) };
  if (conditions.length === 0) delete request.status.conditions;
}

function takeConditionsOnly(request: Request, old: Request): void {
  const { spec, status } = old;
  const conditions = request.status?.conditions;
  const { certificate } = status ?? {};
  request.spec = spec;
  request.status = {
    ...(conditions && { conditions: stamped(conditions) }),
    ...(certificate !== undefined && { certificate }),
  };
}

/** A condition that is new changed when it was last updated. */
function stamped(conditions: readonly CertificateSigningRequestCondition[]): CertificateSigningRequestCondition[] {
  return conditions.map((condition) => ({
    ...condition,
    lastTransitionTime: condition.lastTransitionTime ?? condition.lastUpdateTime,
  }));
}

function checkRequest({ spec, status }: Request): FieldError[] {
  const out: FieldError[] = [];
  checkCSR(spec.request, specPath.child("request"), out);
  checkUsages(spec.usages ?? [], specPath.child("usages"), out);
  if (spec.signerName === legacySigner) {
    const detail = "the legacy signerName is not allowed via this API version";
    out.push(fieldError.invalid(specPath.child("signerName"), spec.signerName, detail));
  } else checkSignerName(spec.signerName, specPath.child("signerName"), out);
  if (spec.expirationSeconds !== undefined && spec.expirationSeconds < secondsMin) {
    const detail = `may not specify a duration less than ${secondsMin} seconds (10 minutes)`;
    out.push(fieldError.invalid(specPath.child("expirationSeconds"), spec.expirationSeconds, detail));
  }
  checkConditions(status?.conditions ?? [], out);
  return out;
}

function checkCSR(request: string | null | undefined, path: FieldPath, out: FieldError[]): void {
  const [first] = pemBlocks(Buffer.from(request ?? "", "base64").toString("latin1"));
  if (first?.type !== "CERTIFICATE REQUEST") {
    out.push(fieldError.invalid(path, request || null, "PEM block type must be CERTIFICATE REQUEST"));
  } else if (!isWholeSequence(first.bytes)) {
    out.push(fieldError.invalid(path, request, "asn1: structure error: not a certificate request"));
  }
}

function checkUsages(wanted: readonly string[], path: FieldPath, out: FieldError[]): void {
  if (wanted.length === 0) out.push(fieldError.required(path, ""));
  const seen = new Set<string>();
  for (const [i, usage] of wanted.entries()) {
    checkSupported(usage, usages, path.index(i), out);
    if (seen.has(usage)) out.push(fieldError.duplicate(path.index(i), usage));
    seen.add(usage);
  }
}

function checkConditions(conditions: readonly CertificateSigningRequestCondition[], out: FieldError[]): void {
  const types = new Set<string>();
  for (const [i, { type, status }] of conditions.entries()) {
    const path = conditionsPath.index(i);
    if (!type) out.push(fieldError.required(path.child("type"), ""));
    const mustHold = decisions.has(type) || type === "Failed";
    const supported = mustHold ? ["True"] : ["False", "True", "Unknown"];
    if (!status) out.push(fieldError.required(path.child("status"), ""));
    else checkSupported(status, supported, path.child("status"), out);
    if (type === "Approved" && types.has("Denied")) {
      out.push(fieldError.invalid(path.child("type"), type, "Approved and Denied conditions are mutually exclusive"));
    }
    if (type === "Denied" && types.has("Approved")) {
      out.push(fieldError.invalid(path.child("type"), type, "Approved and Denied conditions are mutually exclusive"));
    }
    if (types.has(type)) out.push(fieldError.duplicate(path.child("type"), type));
    types.add(type);
  }
}

function checkUpdate(request: Request, old: Request): FieldError[] {
  const out: FieldError[] = [];
  checkConditions(request.status?.conditions ?? [], out);
  const kept = new Set((request.status?.conditions ?? []).map(({ type }) => type));
  for (const { type } of old.status?.conditions ?? []) {
    if ((decisions.has(type) || type === "Failed") && !kept.has(type)) {
      out.push(fieldError.forbidden(conditionsPath, `updates may not remove a condition of type "${type}"`));
    }
  }
  checkCertificate(request, old, out);
  return out;
}

function checkCertificate({ status }: Request, old: Request, out: FieldError[]): void {
  const certificate = status?.certificate;
  if (!certificate || certificate === old.status?.certificate) return;
  const path = root("status", "certificate");
  const blocks = pemBlocks(Buffer.from(certificate, "base64").toString("latin1"));
  if (old.status?.certificate) {
    out.push(fieldError.forbidden(path, "updates may not modify existing certificate content"));
  } else if (blocks.length === 0) {
    out.push(fieldError.invalid(path, "<certificate data>", "must contain at least one CERTIFICATE PEM block"));
  }
  for (const [i, { type, bytes }] of blocks.entries()) {
    if (type !== "CERTIFICATE") {
      const detail = `only CERTIFICATE PEM blocks are allowed, found "${type}"`;
      out.push(fieldError.invalid(path.index(i), "<certificate data>", detail));
    } else if (!isWholeSequence(bytes)) {
      const detail = "block must contain a single certificate";
      out.push(fieldError.invalid(path.index(i), "<certificate data>", detail));
    }
  }
}
