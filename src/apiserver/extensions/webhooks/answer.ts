import { ApiError, type JsonObject, type JsonValue, type Status } from "../../../api/meta/index.ts";
import type { ServiceAnswer } from "../service-client/index.ts";

/** What a webhook says of a request. */
export interface Verdict {
  readonly allowed: boolean;
  readonly status?: Partial<Status>;
  /** Operations of a JSON patch; only of mutating webhooks. */
  readonly patch?: JsonValue;
  readonly warnings: readonly string[];
  readonly auditAnnotations: Readonly<Record<string, string>>;
}

/** Why an answer says nothing. */
export class AnswerError extends Error {
  override readonly name = "AnswerError";
  readonly code: number;

  constructor(message: string, code = 503) {
    super(message);
    this.code = code;
  }
}

const group = "admission.k8s.io";

/** @throws AnswerError in the original's words */
export function readVerdict(answer: ServiceAnswer, uid: string, apiVersion: string, mutating: boolean): Verdict {
  const review = reviewIn(answer, apiVersion);
  const response = review.response;
  if (!isObject(response)) throw invalid("webhook response was absent");
  const isV1 = apiVersion === `${group}/v1`;
  if (isV1) checkType(review, response, uid, apiVersion);
  const { status } = response;
  return {
    allowed: response.allowed === true,
    status: isObject(status) ? (status as Partial<Status>) : undefined, // its fields are checked where they are used
    patch: patchOf(response, mutating, isV1),
    warnings: Array.isArray(response.warnings) ? response.warnings.filter((text) => typeof text === "string") : [],
    auditAnnotations: annotationsOf(response.auditAnnotations),
  };
}

function invalid(why: string): AnswerError {
  return new AnswerError(`received invalid webhook response: ${why}`);
}

function reviewIn({ status, body }: ServiceAnswer, apiVersion: string): JsonObject {
  const text = body.toString();
  const parsed = parse(text);
  if (status < 200 || status > 206) throw refusedCall(status, text, parsed);
  if (parsed === undefined) throw new AnswerError(`failed to call webhook: ${unreadable(text)}`);
  if (!isObject(parsed)) throw new AnswerError("failed to call webhook: couldn't get version/kind; json parse error");
  if (parsed.kind === "Status" && parsed.apiVersion === "v1" && parsed.status === "Failure") {
    throw new AnswerError(`failed to call webhook: ${String(parsed.message ?? "unknown")}`);
  }
  if (apiVersion === `${group}/v1` && !parsed.kind && !parsed.apiVersion) parsed.untyped = true;
  return parsed;
}

function parse(text: string): JsonValue | undefined {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function unreadable(text: string): string {
  if (text.trim() === "") return "an empty response was received";
  const first = text.trimStart().charAt(0);
  return `couldn't get version/kind; json parse error: invalid character '${first}' looking for beginning of value`;
}

function checkType(review: JsonObject, response: JsonObject, uid: string, apiVersion: string): void {
  const told = typeof response.uid === "string" ? response.uid : "";
  if (told !== uid) throw invalid(`expected response.uid=${JSON.stringify(uid)}, got ${JSON.stringify(told)}`);
  const { apiVersion: version = "", kind = "" } = review;
  if (version === apiVersion && kind === "AdmissionReview") return;
  throw invalid(
    `expected webhook response of ${apiVersion}, Kind=AdmissionReview, got ${version || "/"}, Kind=${kind}`,
  );
}

function patchOf(response: JsonObject, mutating: boolean, isV1: boolean): JsonValue | undefined {
  const { patch, patchType } = response;
  const hasPatch = typeof patch === "string" && patch !== "";
  const hasType = patchType !== undefined && patchType !== null;
  if (!mutating) {
    if (isV1 && hasPatch) throw invalid("validating webhook may not return response.patch");
    if (isV1 && hasType) throw invalid("validating webhook may not return response.patchType");
    return undefined;
  }
  if (isV1) {
    if (hasPatch && !hasType) throw invalid("webhook returned response.patch but not response.patchType");
    if (!hasPatch && hasType) throw invalid("webhook returned response.patchType but not response.patch");
    if (patchType === "") throw invalid('webhook returned invalid response.patchType of ""');
    if (hasType && patchType !== "JSONPatch") {
      throw new AnswerError(`unsupported patch type ${JSON.stringify(patchType)}`);
    }
  }
  if (!hasPatch) return undefined;
  return JSON.parse(Buffer.from(patch, "base64").toString());
}

function annotationsOf(value: JsonValue | undefined): Record<string, string> {
  if (!isObject(value)) return {};
  const found: Record<string, string> = {};
  for (const [key, text] of Object.entries(value)) if (typeof text === "string") found[key] = text;
  return found;
}

function isObject(value: JsonValue | undefined): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

const refusals: Readonly<Record<number, string>> = {
  400: "the server rejected our request for an unknown reason",
  401: "the server has asked for the client to provide credentials",
  404: "the server could not find the requested resource",
  405: "the server does not allow this method on the requested resource",
  409: "the server reported a conflict",
  410: "the server was unable to find the requested resource",
  422: "the server rejected our request due to an error in our request",
  429: "the server has received too many requests and has asked us to try again later",
  503: "the server is currently unable to handle the request",
  504: "the server was unable to return a response in the time allotted, but may still be processing the request",
};

/** An answer that is no success, in the words of the original's client. */
function refusedCall(status: number, text: string, parsed: JsonValue | undefined): AnswerError {
  const told = isObject(parsed) && parsed.kind === "Status" ? parsed.message : undefined;
  const said = text.trim() || "unknown";
  const known =
    status === 403 ? `forbidden: ${said}` : status === 406 || status === 415 ? said : (refusals[status] ?? undefined);
  const unknown =
    status >= 500
      ? `an error on the server (${JSON.stringify(said)}) has prevented the request from succeeding`
      : `the server responded with the status code ${status} but did not return more information`;
  const message = typeof told === "string" && told !== "" ? told : (known ?? unknown);
  return new AnswerError(`failed to call webhook: ${message}`, status);
}

/** The refusal of a webhook. */
export function denied(name: string, { status = {} }: Verdict): ApiError {
  const by = `admission webhook ${JSON.stringify(name)} denied the request`;
  const { message, reason, code = 0 } = status;
  return new ApiError({
    ...status,
    kind: "Status",
    apiVersion: "v1",
    metadata: {},
    status: "Failure",
    message: message ? `${by}: ${message}` : reason ? `${by}: ${reason}` : `${by} without explanation`,
    code: Math.max(code, 400),
  });
}
