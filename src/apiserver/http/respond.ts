import { Readable } from "node:stream";
import { createGzip, gzip, constants as zlib } from "node:zlib";
import { type ResourceKind, scaleTable } from "../../api/kinds/index.ts";
import { formatApiVersion, type KubeObject, type Status } from "../../api/meta/index.ts";
import type { ApiResponse, ListItem } from "../request.ts";
import { type Chunk, ChunkPool } from "./chunk.ts";
import { encodeProtobuf, encodeProtobufList, writeYaml } from "./codecs.ts";
import type { AnswerHeaders, AnswerStream, Exchange } from "./exchange.ts";
import { answerHeaders } from "./headers.ts";
import { mediaTypes, type OutputForm } from "./negotiate.ts";
import { type IncludeObject, partialMetadataJson, TableWriter } from "./table.ts";

/** What writing an answer needs to know beside the answer. */
export interface AnswerContext {
  readonly exchange: Exchange;
  readonly form: OutputForm;
  readonly kind: ResourceKind | undefined;
  readonly includeObject: IncludeObject;
  readonly auditId: string;
  readonly now: number;
}

type ObjectResponse = Extract<ApiResponse, { kind: "object" }>;
type ListResponse = Extract<ApiResponse, { kind: "list" }>;

/** Answers over this size are compressed for clients that take gzip, at the fastest level, as the original does. */
const gzipThresholdBytes = 128 * 1024;
const pool = new ChunkPool();
const newline = Buffer.from("\n");

/** Sends an answer of the API in the form that was negotiated; at once, unless the form is YAML. */
export function answer(context: AnswerContext, response: ApiResponse): void | Promise<void> {
  if (response.kind === "list") return answerList(context, response);
  if (response.kind === "status") return answerStatus(context, response.code, response.status, response.warnings);
  return answerObject(context, response);
}

/** What is sent; YAML comes later, since its library is only loaded when somebody asks for it. */
type Body = Buffer | string | Promise<string>;

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

function answerList(context: AnswerContext, response: ListResponse): void | Promise<void> {
  const { form, exchange, auditId } = context;
  const headers = answerHeaders(mediaTypes[form.format], auditId, response.warnings);
  if (form.format === "protobuf" && form.as === undefined) {
    return sendBytes(exchange, 200, headers, encodeProtobufList(response));
  }
  if (form.format !== "json" || form.pretty) {
    let text = "";
    for (const piece of listPieces(context, response)) text += piece;
    return sendBytes(exchange, 200, headers, reformat(text, form));
  }
  return sendChunks(exchange, headers, chunks(listPieces(context, response)));
}

const brace = Buffer.from("{");
const commaBrace = Buffer.from(",{");

/** A list as JSON, piece by piece; stored versions give their shared bytes. */
function* listPieces(context: AnswerContext, response: ListResponse): Generator<Buffer | string> {
  const { as } = context.form;
  if (as !== undefined) return yield* transformedPieces(context, as, response);
  const { listKind, apiVersion } = response;
  yield `{"kind":"${listKind}","apiVersion":"${apiVersion}","metadata":${JSON.stringify(response.metadata)},"items":[`;
  const itemKind = listKind.endsWith("List") ? listKind.slice(0, -4) : listKind;
  const bare = new BareItems(itemKind, apiVersion);
  let first = true;
  for (const item of response.items) {
    if (response.hasTypedItems) {
      if (!first) yield ",";
      yield item.entry?.json() ?? JSON.stringify(item.object);
    } else {
      yield first ? brace : commaBrace;
      yield bare.withoutBrace(item);
    }
    first = false;
  }
  yield "]}\n";
}

function* transformedPieces(
  context: AnswerContext,
  as: NonNullable<OutputForm["as"]>,
  response: ListResponse,
): Generator<string> {
  const apiVersion = formatApiVersion(as);
  const table = new TableWriter(context.kind, context.includeObject, context.now, apiVersion);
  const isTable = as.kind === "Table";
  yield isTable
    ? table.head(response.metadata)
    : `{"kind":"PartialObjectMetadataList","apiVersion":"${apiVersion}","metadata":${JSON.stringify(response.metadata)},"items":[`;
  let separator = "";
  for (const { object } of response.items) {
    yield separator + (isTable ? table.row(object) : partialMetadataJson(object, apiVersion));
    separator = ",";
  }
  yield "]}\n";
}

/** Items of a list do not repeat the kind and version that the list names: cuts them off the front of the encoded object. */
class BareItems {
  readonly #prefixes: readonly Buffer[];

  constructor(kind: string, apiVersion: string) {
    this.#prefixes = [
      Buffer.from(`{"apiVersion":"${apiVersion}","kind":"${kind}",`),
      Buffer.from(`{"kind":"${kind}","apiVersion":"${apiVersion}",`),
    ];
  }

  /** The item's JSON after its opening brace. */
  withoutBrace(item: ListItem): Buffer | string {
    if (item.entry !== undefined) {
      const bytes = item.entry.json();
      for (const prefix of this.#prefixes) {
        if (bytes.length > prefix.length && prefix.compare(bytes, 0, prefix.length) === 0) {
          return bytes.subarray(prefix.length);
        }
      }
    }
    const { kind: _kind, apiVersion: _apiVersion, ...rest } = item.object;
    return JSON.stringify(rest).slice(1);
  }
}

/** Packs pieces into full chunks and the rest. */
function* chunks(pieces: Iterable<Buffer | string>): Generator<Chunk> {
  let chunk = pool.take();
  for (const piece of pieces) {
    const bytes = typeof piece === "string" ? Buffer.from(piece) : piece;
    for (let from = 0; ; ) {
      from += chunk.append(bytes, from);
      if (from === bytes.length) break;
      yield chunk;
      chunk = pool.take();
    }
  }
  if (chunk.length > 0) yield chunk;
  else pool.give(chunk);
}

/** The chunk's bytes for themselves; it goes back to the pool. */
function detached(chunk: Chunk): Buffer {
  const bytes = Buffer.from(chunk.payload);
  pool.give(chunk);
  return bytes;
}

function takesGzip(exchange: Exchange): boolean {
  const accepted = exchange.headers["accept-encoding"];
  return typeof accepted === "string" && accepted.includes("gzip");
}

function markGzip(headers: AnswerHeaders): void {
  headers["content-encoding"] = "gzip";
  headers.vary = "Accept-Encoding";
}

function sendBytes(exchange: Exchange, code: number, headers: AnswerHeaders, body: Body): void | Promise<void> {
  if (body instanceof Promise) return body.then((text) => sendBytes(exchange, code, headers, text));
  if (body.length <= gzipThresholdBytes || !takesGzip(exchange)) {
    exchange.send(code, headers, body);
    return;
  }
  gzip(body, { level: zlib.Z_BEST_SPEED }, (error, compressed) => {
    if (error !== null) exchange.send(code, headers, body);
    else {
      markGzip(headers);
      exchange.send(code, headers, compressed);
    }
  });
}

/** Short lists are one answer; longer ones are streamed as fast as the client reads. */
function sendChunks(exchange: Exchange, headers: AnswerHeaders, source: Generator<Chunk>): void {
  const begin: Chunk[] = [];
  // Long enough to be compressed is what exceeds two chunks.
  for (let next = source.next(); !next.done; next = source.next()) {
    begin.push(next.value);
    if (begin.length === 3) break;
  }
  if (begin.length < 3) {
    const [first, ...others] = begin.map(detached);
    const body = others.length === 0 ? first : Buffer.concat([first ?? Buffer.alloc(0), ...others]);
    return void sendBytes(exchange, 200, headers, body ?? "");
  }
  if (takesGzip(exchange)) {
    markGzip(headers);
    streamCompressed(exchange.open(200, headers), exchange, prepend(begin, source));
    return;
  }
  stream(exchange.open(200, headers), prepend(begin, source));
}

function* prepend(begin: readonly Chunk[], rest: Generator<Chunk>): Generator<Chunk> {
  yield* begin;
  yield* rest;
}

function* detachedAll(source: Iterable<Chunk>): Generator<Buffer> {
  for (const chunk of source) yield detached(chunk);
}

function stream(target: AnswerStream, source: Generator<Chunk>): void {
  const pump = (): void => {
    try {
      for (;;) {
        if (target.lost) return;
        const next = source.next();
        if (next.done) {
          target.end();
          return;
        }
        const chunk = next.value;
        if (!target.write(chunk, () => pool.give(chunk))) {
          target.onDrain(pump);
          return;
        }
      }
    } catch {
      target.destroy(); // an object that cannot be written: too late for a Status
    }
  };
  pump();
}

function streamCompressed(target: AnswerStream, exchange: Exchange, source: Generator<Chunk>): void {
  const compressor = createGzip({ level: zlib.Z_BEST_SPEED });
  compressor.on("data", (chunk: Buffer) => {
    if (target.write(chunk)) return;
    compressor.pause();
    target.onDrain(() => compressor.resume());
  });
  compressor.on("end", () => target.end());
  compressor.on("error", () => target.destroy());
  exchange.onFinished(() => compressor.destroy());
  Readable.from(detachedAll(source), { objectMode: true })
    .on("error", () => target.destroy())
    .pipe(compressor);
}
