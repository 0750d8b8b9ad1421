import { type ResourceKind, scaleTable } from "../../api/kinds/index.ts";
import { formatApiVersion, type KubeObject, type Status } from "../../api/meta/index.ts";
import type { Clock } from "../../host/index.ts";
import type { ApiResponse } from "../request.ts";
import { encodeProtobuf, writeYaml } from "./codecs.ts";
import type { Exchange } from "./exchange.ts";
import { answerHeaders } from "./headers.ts";
import { jsonPieces, prettyPieces, protobufPieces, yamlPieces } from "./list-forms.ts";
import { mediaTypes, type OutputForm } from "./negotiate.ts";
import { type Body, sendBytes, sendPieces, sendSlowPieces } from "./send.ts";
import { type IncludeObject, partialMetadataJson, TableWriter } from "./table.ts";

/** What writing an answer needs to know beside the answer. */
export interface AnswerContext {
  readonly exchange: Exchange;
  readonly form: OutputForm;
  readonly kind: ResourceKind | undefined;
  readonly includeObject: IncludeObject;
  readonly auditId: string;
  readonly now: number;
  readonly clock: Clock;
}

type ObjectResponse = Extract<ApiResponse, { kind: "object" }>;
type ListResponse = Extract<ApiResponse, { kind: "list" }>;

const newline = Buffer.from("\n");

/** Sends an answer of the API in the form that was negotiated; at once, unless the form is YAML. */
export function answer(context: AnswerContext, response: ApiResponse): void | Promise<void> {
  if (response.kind === "list") return answerList(context, response);
  if (response.kind === "status") return answerStatus(context, response.code, response.status, response.warnings);
  return answerObject(context, response);
}

/** Statuses are never turned into tables or reduced to metadata. */
export function answerStatus(
  context: Pick<AnswerContext, "exchange" | "form" | "auditId">,
  code: number,
  status: Status,
  warnings?: readonly string[],
): void | Promise<void> {
  const headers = answerHeaders(mediaTypes[context.form.format], context.auditId, warnings);
  const retryAfter = status.details?.retryAfterSeconds;
  if (retryAfter !== undefined && retryAfter > 0) headers["retry-after"] = String(retryAfter);
  return sendBytes(context.exchange, code, headers, encodeValue(status, context.form));
}

function answerObject(context: AnswerContext, response: ObjectResponse): void | Promise<void> {
  const { form, exchange, auditId } = context;
  const headers = answerHeaders(mediaTypes[form.format], auditId, response.warnings);
  if (form.format === "json" && form.as === undefined && !form.pretty && response.entry !== undefined) {
    return sendBytes(exchange, response.code, headers, Buffer.concat([response.entry.json(), newline]));
  }
  return sendBytes(exchange, response.code, headers, encodeObject(context, response.object));
}

function encodeObject(context: AnswerContext, object: KubeObject): Body {
  const { form } = context;
  if (form.as === undefined) return encodeValue(object, form);
  return reformat(transformOne(context, form.as, object), form);
}

/** The scale subresource is shown by columns of its own. */
const scaleAsKind = { kind: "Scale", strategy: { table: scaleTable } };

function transformOne(context: AnswerContext, as: NonNullable<OutputForm["as"]>, object: KubeObject): string {
  const apiVersion = formatApiVersion(as);
  if (as.kind !== "Table") return partialMetadataJson(object, apiVersion);
  const shown = object.kind === "Scale" ? scaleAsKind : context.kind;
  const table = new TableWriter(shown, context.includeObject, context.now, apiVersion);
  const { resourceVersion } = object.metadata;
  return `${table.head(resourceVersion === undefined ? {} : { resourceVersion })}${table.row(object)}${table.tail}`;
}

/** JSON text that is already written, in the form asked for. */
function reformat(json: string, form: OutputForm): Body {
  if (form.format === "json" && !form.pretty) return `${json}\n`;
  return encodeValue(JSON.parse(json), form);
}

function encodeValue(value: object, form: OutputForm): Body {
  if (form.format === "yaml") return writeYaml(value);
  if (form.format === "protobuf") return encodeProtobuf(value);
  return form.pretty ? `${JSON.stringify(value, null, 2)}\n` : `${JSON.stringify(value)}\n`;
}

/** Lists in all forms are written piece by piece: how many objects they have is not bounded. */
function answerList(context: AnswerContext, response: ListResponse): void | Promise<void> {
  const { form, exchange, auditId, clock } = context;
  const { as, format } = form;
  const headers = answerHeaders(mediaTypes[format], auditId, response.warnings);
  if (as?.kind === "Table") return answerTable(context, as, response);
  if (format === "protobuf") return sendSlowPieces(exchange, headers, protobufPieces(response, as, clock));
  if (format === "yaml") return sendSlowPieces(exchange, headers, yamlPieces(response, as, clock));
  sendPieces(exchange, headers, form.pretty ? prettyPieces(response, as) : jsonPieces(response, as));
}

/** Tables are meant to be read: other forms than JSON's shortest are made of the whole. */
function answerTable(
  context: AnswerContext,
  as: NonNullable<OutputForm["as"]>,
  response: ListResponse,
): void | Promise<void> {
  const { form, exchange, auditId } = context;
  const headers = answerHeaders(mediaTypes[form.format], auditId, response.warnings);
  const pieces = tablePieces(context, as, response);
  if (form.format === "json" && !form.pretty) return sendPieces(exchange, headers, pieces);
  return sendBytes(exchange, 200, headers, reformat([...pieces].join(""), form));
}

function* tablePieces(
  context: AnswerContext,
  as: NonNullable<OutputForm["as"]>,
  response: ListResponse,
): Generator<string> {
  const table = new TableWriter(context.kind, context.includeObject, context.now, formatApiVersion(as));
  yield table.head(response.metadata);
  let separator = "";
  for (const { object } of response.items) {
    yield separator + table.row(object);
    separator = ",";
  }
  yield `${table.tail}\n`;
}
