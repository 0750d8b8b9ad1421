import { errors, type JsonObject, type JsonValue } from "../../api/meta/index.ts";
import { shapeOf } from "../../api/schema/index.ts";
import type { ApiRequest, PatchType, RequestOptions, UserInfo, Verb } from "../request.ts";
import { hasProtobuf, parseBody } from "./codecs.ts";
import type { Exchange } from "./exchange.ts";
import { type Format, negotiateInput } from "./negotiate.ts";
import { parseOptions, type Query } from "./query.ts";
import type { RequestInfo } from "./request-info.ts";
import type { Route } from "./route.ts";

/** The largest request body that is taken, as the original's. */
export const bodyBytesMax = 3 * 1024 * 1024;

const patchTypes: ReadonlySet<string> = new Set([
  "application/json-patch+json",
  "application/merge-patch+json",
  "application/strategic-merge-patch+json",
  "application/apply-patch+yaml",
]);

/** A request of the API as HTTP tells it; its body is parsed, not yet checked against the kind. */
export async function readRequest(
  exchange: Exchange,
  info: RequestInfo,
  route: Route,
  query: Query,
  user: UserInfo,
): Promise<ApiRequest> {
  const base = requestWithoutBody(exchange, info, route, query, user);
  switch (info.verb) {
    case "create":
    case "update": {
      const bodyKind = route.answerKind ?? route.kind;
      const format = negotiateInput(exchange.headers["content-type"], hasProtobuf(bodyKind));
      const bytes = await exchange.readBody(bodyBytesMax);
      const malformed = (problem: string, body: Buffer): Error => unrecognized(route, format, problem, body);
      return {
        ...base,
        ...(await parseBody(bytes, format, {
          malformed,
          findDuplicates: findsDuplicates(base.options),
          shape: bodyKind.shape,
        })),
      };
    }
    case "patch": {
      const patchType = patchTypeOf(exchange.headers["content-type"]);
      const bytes = await exchange.readBody(bodyBytesMax);
      const applies = patchType === "application/apply-patch+yaml";
      const malformed = (problem: string): Error =>
        errors.badRequest(applies ? `error decoding YAML: ${problem}` : problem);
      const options = { malformed, findDuplicates: findsDuplicates(base.options) };
      return { ...base, ...(await parseBody(bytes, applies ? "yaml" : "json", options)), patchType };
    }
    case "delete":
    case "deletecollection": {
      const bytes = await exchange.readBody(bodyBytesMax);
      if (bytes.length === 0) return base;
      const format = negotiateInput(exchange.headers["content-type"]);
      const malformed = (problem: string): Error => errors.badRequest(jsonComplaint(format, problem));
      const { body } = await parseBody(bytes, format, {
        malformed,
        findDuplicates: false,
        shape: shapeOf("v1", "DeleteOptions"),
      });
      return { ...base, options: withDeleteOptions(base.options, body) };
    }
    default:
      return base;
  }
}

/** Reads of the API: there is nothing to wait for. */
export function requestWithoutBody(
  exchange: Exchange,
  info: RequestInfo,
  route: Route,
  query: Query,
  user: UserInfo,
): ApiRequest {
  return {
    verb: info.verb as Verb,
    group: info.group,
    version: info.version,
    resource: info.resource,
    subresource: info.subresource === "" ? undefined : info.subresource,
    namespace: route.kind.namespaced && info.namespace !== "" ? info.namespace : undefined,
    name: info.name === "" ? undefined : info.name,
    options: parseOptions(query),
    user,
    userAgent: exchange.headers["user-agent"],
  };
}

function jsonComplaint(format: Format, problem: string): string {
  return format === "json" ? `couldn't get version/kind; json parse error: ${problem}` : problem;
}

/** A body that is no document at all, with its beginning as the original shows it. */
function unrecognized(route: Route, format: Format, problem: string, body: Buffer): Error {
  const kind = (route.answerKind ?? route.kind).kind;
  const why = jsonComplaint(format, problem);
  return errors.badRequest(
    `the object provided is unrecognized (must be of type ${kind}): ${why} (${summaryOf(body)})`,
  );
}

const summaryBytes = 30;
const openingBrace = 0x7b;

function summaryOf(body: Buffer): string {
  if (body.length === 0) return "<empty>";
  const shown = body.subarray(0, summaryBytes).toString(body[0] === openingBrace ? "utf8" : "hex");
  return body.length > summaryBytes ? `${shown} ...` : shown;
}

function findsDuplicates(options: RequestOptions): boolean {
  return options.fieldValidation !== "Ignore";
}

function patchTypeOf(contentType: string | undefined): PatchType {
  const semicolon = contentType?.indexOf(";") ?? -1;
  const type = (semicolon < 0 ? contentType : contentType?.slice(0, semicolon))?.trim() ?? "";
  if (!patchTypes.has(type)) throw errors.unsupportedPatchType();
  return type as PatchType;
}

/** A body of delete options replaces those of the query; the selectors of a collection stay. */
function withDeleteOptions(fromQuery: RequestOptions, body: JsonValue | undefined): RequestOptions {
  if (body === null || typeof body !== "object" || Array.isArray(body)) {
    throw errors.badRequest("the body of a delete must be DeleteOptions");
  }
  if (body.kind !== undefined && body.kind !== "DeleteOptions") {
    throw errors.badRequest(`decoded object cannot be converted to DeleteOptions: ${JSON.stringify(body.kind)}`);
  }
  const { labelSelector, fieldSelector, limit, resourceVersion, resourceVersionMatch, timeoutSeconds } = fromQuery;
  const collection = { labelSelector, fieldSelector, limit, resourceVersion, resourceVersionMatch, timeoutSeconds };
  return {
    ...collection,
    continue: fromQuery.continue,
    gracePeriodSeconds: numberOf(body.gracePeriodSeconds, "gracePeriodSeconds"),
    propagationPolicy: stringOf(body.propagationPolicy, "propagationPolicy"),
    orphanDependents: booleanOf(body.orphanDependents, "orphanDependents"),
    dryRun: stringsOf(body.dryRun, "dryRun"),
    preconditions: preconditionsOf(body.preconditions),
  };
}

function preconditionsOf(value: JsonValue | undefined): RequestOptions["preconditions"] {
  if (value === undefined || value === null) return undefined;
  if (typeof value !== "object" || Array.isArray(value)) throw wrongType("preconditions", value);
  const { uid, resourceVersion } = value as JsonObject;
  return {
    uid: stringOf(uid, "preconditions.uid"),
    resourceVersion: stringOf(resourceVersion, "preconditions.resourceVersion"),
  };
}

function numberOf(value: JsonValue | undefined, field: string): number | undefined {
  if (value === undefined || value === null) return undefined;
  if (typeof value !== "number" || !Number.isInteger(value)) throw wrongType(field, value);
  return value;
}

function stringOf(value: JsonValue | undefined, field: string): string | undefined {
  if (value === undefined || value === null) return undefined;
  if (typeof value !== "string") throw wrongType(field, value);
  return value === "" ? undefined : value;
}

function booleanOf(value: JsonValue | undefined, field: string): boolean | undefined {
  if (value === undefined || value === null) return undefined;
  if (typeof value !== "boolean") throw wrongType(field, value);
  return value;
}

function stringsOf(value: JsonValue | undefined, field: string): string[] | undefined {
  if (value === undefined || value === null) return undefined;
  if (!Array.isArray(value)) throw wrongType(field, value);
  return value.map((one) => stringOf(one, field) ?? "");
}

function wrongType(field: string, value: JsonValue): Error {
  const found = Array.isArray(value) ? "array" : value === null ? "null" : typeof value;
  return errors.badRequest(`json: cannot unmarshal ${found} into Go struct field DeleteOptions.${field}`);
}
