import type { IncomingMessage } from "node:http";
import { StringDecoder } from "node:string_decoder";
import type { KindRegistry } from "../../../api/kinds/index.ts";
import { ApiError, errors, type KubeObject, type ListMeta, type Status } from "../../../api/meta/index.ts";
import { toHttpRequest } from "../../../api/rest/index.ts";
import type { Logger } from "../../../host/index.ts";
import type { ApiHandler, ApiRequest, ApiResponse, WatchEvent, WatchEventSink, Watching } from "../../request.ts";
import type { ServiceClient } from "../service-client/index.ts";
import { userHeaders } from "./front-proxy.ts";
import type { UsableServers } from "./proxy.ts";

export interface RemoteHandlerOptions {
  readonly kinds: KindRegistry;
  readonly servers: Pick<UsableServers, "usable">;
  readonly calls: ServiceClient;
  readonly log: Logger;
}

/** What the other server answers is kept whole while it is read. */
const answerBytesMax = 256 * 1024 * 1024;

/** Requests of callers in the same process: those for group versions of other servers are handed on, all others go to `own`. */
export function delegatingHandler(own: ApiHandler, options: RemoteHandlerOptions): ApiHandler {
  const isElsewhere = ({ group, version }: ApiRequest) => options.kinds.delegated(group, version) !== undefined;
  return {
    handle: (request) => (isElsewhere(request) ? handle(request, options) : own.handle(request)),
    watch: (request, sink) => (isElsewhere(request) ? watch(request, sink, options) : own.watch(request, sink)),
  };
}

async function handle(request: ApiRequest, options: RemoteHandlerOptions): Promise<ApiResponse> {
  const response = await open(request, options);
  const code = response.statusCode ?? 502;
  const text = await readText(response);
  const body = parse(text);
  if (code < 200 || code >= 300) throw refusal(code, body, text);
  if (body === undefined) throw errors.internalError(new Error("the server's answer is no JSON"));
  if (body.kind === "Status") return { kind: "status", code, status: body as unknown as Status };
  if (request.verb !== "list" || !Array.isArray(body.items)) return { kind: "object", code, object: body };
  const { apiVersion = "", kind: listKind = "" } = body;
  const itemKind = listKind.endsWith("List") ? listKind.slice(0, -"List".length) : listKind;
  const items = (body.items as KubeObject[]).map((item) => ({
    object: { ...item, ...typeOf(item, apiVersion, itemKind) },
  }));
  return { kind: "list", apiVersion, listKind, metadata: (body.metadata ?? {}) as ListMeta, items };
}

/** Items of a list may leave their type to it. */
function typeOf(item: Partial<KubeObject>, apiVersion: string, kind: string): Pick<KubeObject, "apiVersion" | "kind"> {
  return { apiVersion: item.apiVersion ?? apiVersion, kind: item.kind ?? kind };
}

async function watch(request: ApiRequest, sink: WatchEventSink, options: RemoteHandlerOptions): Promise<Watching> {
  const response = await open(request, options);
  const code = response.statusCode ?? 502;
  if (code !== 200) {
    const text = await readText(response);
    throw refusal(code, parse(text), text);
  }
  let isOver = false;
  const end = (): void => {
    if (isOver) return;
    isOver = true;
    sink.end();
  };
  const decoder = new StringDecoder("utf8");
  let rest = "";
  response.on("data", (chunk: Buffer) => {
    if (isOver) return;
    const lines = (rest + decoder.write(chunk)).split("\n");
    rest = lines.pop() ?? "";
    try {
      const events = lines.filter((line) => line !== "").map(watchEvent);
      if (events.length > 0) sink.events(events);
    } catch (error) {
      options.log.warn("another server's watch sent what is no event", { resource: request.resource, error });
      response.destroy();
      end();
    }
  });
  for (const name of ["end", "error", "close"]) response.on(name, end);
  return {
    stop() {
      isOver = true;
      response.destroy();
    },
  };
}

async function open(request: ApiRequest, { servers, calls }: RemoteHandlerOptions): Promise<IncomingMessage> {
  const target = servers.usable(request.group, request.version);
  if (target === undefined) throw errors.serviceUnavailable("service unavailable");
  const { method, path, contentType, body } = toHttpRequest(request);
  const headers = {
    accept: "application/json",
    "user-agent": request.userAgent ?? "kube-aggregator",
    ...(contentType !== undefined && { "content-type": contentType }),
    ...(body !== undefined && { "content-length": Buffer.byteLength(body) }),
    ...userHeaders(request.user),
  };
  try {
    return await calls.open(target, { method, path, headers, body, signal: request.signal });
  } catch (error) {
    if (request.signal?.aborted) throw error;
    throw errors.serviceUnavailable(
      `error trying to reach service: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
}

function watchEvent(line: string): WatchEvent {
  const { type, object } = JSON.parse(line) as { type: string; object: KubeObject };
  switch (type) {
    case "ADDED":
    case "MODIFIED":
    case "DELETED":
    case "BOOKMARK":
      return { type, object };
    case "ERROR":
      return { type, status: object as unknown as Status };
    default:
      throw new Error(`an event of type ${type}`);
  }
}

function refusal(code: number, body: KubeObject | undefined, text: string): ApiError {
  if (body?.kind === "Status") return new ApiError(body as unknown as Status);
  const message = text.trim() || `the server answered with HTTP status ${code}`;
  return new ApiError({ kind: "Status", apiVersion: "v1", metadata: {}, status: "Failure", message, code });
}

type Answered = KubeObject & { readonly items?: unknown };

function parse(text: string): Answered | undefined {
  try {
    return JSON.parse(text) as Answered;
  } catch {
    return undefined; // a proxy, or what is no API server
  }
}

async function readText(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of response) {
    const bytes: Buffer = chunk;
    length += bytes.length;
    if (length > answerBytesMax) throw errors.internalError(new Error("the server's answer is too large"));
    chunks.push(bytes);
  }
  return Buffer.concat(chunks).toString();
}
