import { readFile } from "node:fs/promises";
import type { Agent, IncomingMessage, OutgoingHttpHeaders } from "node:http";
import { StringDecoder } from "node:string_decoder";
import { ApiError, errors, type KubeList, type KubeObject, type Status, type StatusReason } from "../api/meta/index.ts";
import { type HttpRequest, toHttpRequest } from "../api/rest/index.ts";
import { type Counter, type Histogram, type Host, sleep } from "../host/index.ts";
import type { ConnectionConfig } from "./kubeconfig.ts";
import { TokenBucket } from "./token-bucket.ts";
import type { ClientRequest, ClientResponse, Transport, WatchEvent, WatchEventSink, Watching } from "./transport.ts";

export interface HttpTransportOptions {
  readonly host: Host;
  readonly userAgent: string;
  /** Requests a second in the long run and at once; without it requests are not limited. */
  readonly rateLimit?: { readonly qps: number; readonly burst: number };
}

// Importing these modules evaluates all they export, also Node's whole fetch: tens of milliseconds at every start, of which
// a process without a remote API server would have nothing.
const builtin = process.getBuiltinModule;
const http = () => builtin("node:http");
const https = () => builtin("node:https");

const retriesMax = 10;
const tokenFileKeptMs = 60_000;
const keepAliveProbeMs = 30_000;
const socketsMax = 256;

/** Speaks JSON to an API server over HTTP(S) with connections kept alive. */
export function httpTransport(config: ConnectionConfig, options: HttpTransportOptions): Transport {
  return new HttpTransport(config, options);
}

class HttpTransport implements Transport {
  readonly #config: ConnectionConfig;
  readonly #host: Host;
  readonly #userAgent: string;
  readonly #url: URL;
  readonly #agent: Agent;
  readonly #requests: Counter;
  readonly #requestSeconds: Histogram;
  readonly #limiter: TokenBucket | undefined;
  #fileToken: { readonly token: string; readonly readAt: number } | undefined;

  constructor(config: ConnectionConfig, options: HttpTransportOptions) {
    this.#config = config;
    this.#host = options.host;
    this.#userAgent = options.userAgent;
    this.#url = new URL(config.server.includes("://") ? config.server : `https://${config.server}`);
    const keepAlive = { keepAlive: true, keepAliveMsecs: keepAliveProbeMs, maxSockets: socketsMax };
    this.#agent =
      this.#url.protocol === "http:"
        ? new (http().Agent)(keepAlive)
        : new (https().Agent)({
            ...keepAlive,
            ca: config.ca,
            cert: config.cert,
            key: config.key,
            rejectUnauthorized: !config.insecure,
            servername: config.tlsServerName,
          });
    const { metrics } = options.host;
    this.#requests = metrics.counter({
      name: "rest_client_requests_total",
      help: "Requests to the API server, by status code, method and server.",
      labels: ["code", "method", "host"],
    });
    this.#requestSeconds = metrics.histogram({
      name: "rest_client_request_duration_seconds",
      help: "Seconds until the API server began to answer.",
      labels: ["verb", "host"],
      buckets: [0.005, 0.025, 0.1, 0.25, 0.5, 1, 2, 4, 8, 15, 30, 60],
    });
    const limit = options.rateLimit;
    this.#limiter = limit && new TokenBucket(limit.qps, limit.burst, this.#host.clock.now());
  }

  async request(request: ClientRequest): Promise<ClientResponse> {
    const response = await this.#accepted(this.#http(request), request.signal);
    const warnings = warningsOf(response);
    const body = parseJson(await readText(response));
    if (request.verb === "list" && isList(body)) {
      return { kind: "list", metadata: body.metadata ?? {}, items: typedItems(body), warnings };
    }
    if (isStatus(body)) return { kind: "status", status: body, warnings };
    return { kind: "object", object: body as KubeObject, warnings };
  }

  async watch(request: ClientRequest, sink: WatchEventSink): Promise<Watching> {
    const response = await this.#accepted(this.#http(request), request.signal);
    let stopped = false;
    const end = () => {
      if (stopped) return;
      stopped = true;
      sink.end();
    };
    const decoder = new StringDecoder("utf8");
    let rest = "";
    response.on("data", (chunk: Buffer) => {
      if (stopped) return;
      const lines = (rest + decoder.write(chunk)).split("\n");
      rest = lines.pop() ?? "";
      try {
        const events = lines.filter((line) => line !== "").map(asWatchEvent);
        if (events.length > 0) sink.events(events);
      } catch (error) {
        this.#host.log.warn("a watch sent what is no event", { resource: request.resource, error });
        response.destroy();
        end();
      }
    });
    response.on("end", end);
    response.on("error", end);
    response.on("close", end);
    return {
      stop: () => {
        stopped = true;
        response.destroy();
      },
    };
  }

  async getPath(path: string): Promise<unknown> {
    const basePath = this.#url.pathname.replace(/\/$/, "");
    const response = await this.#accepted({ method: "GET", path: basePath + path });
    return parseJson(await readText(response));
  }

  close(): void {
    this.#agent.destroy();
  }

  /** The response of a request that succeeded; waits and tries again as the server asks. */
  async #accepted(request: HttpRequest, signal?: AbortSignal): Promise<IncomingMessage> {
    for (let retries = 0; ; retries++) {
      const delay = this.#limiter?.reserve(this.#host.clock.now()) ?? 0;
      if (delay > 0) await sleep(this.#host.clock, delay, signal);
      const response = await this.#send(request, signal);
      const code = response.statusCode ?? 0;
      if (code >= 200 && code < 300) return response;
      const retryAfter = Number(response.headers["retry-after"]);
      const text = await readText(response);
      if ((code !== 429 && code < 500) || !(retryAfter > 0) || retries >= retriesMax) throw refusal(code, text);
      await sleep(this.#host.clock, retryAfter * 1000, signal);
    }
  }

  #http(request: ClientRequest): HttpRequest {
    return toHttpRequest(request, this.#url.pathname.replace(/\/$/, ""));
  }

  async #send({ method, path, contentType, body }: HttpRequest, signal?: AbortSignal): Promise<IncomingMessage> {
    const headers: OutgoingHttpHeaders = { accept: "application/json", "user-agent": this.#userAgent };
    if (contentType !== undefined) headers["content-type"] = contentType;
    if (body !== undefined) headers["content-length"] = Buffer.byteLength(body);
    const token = await this.#token();
    if (token !== undefined) headers.authorization = `Bearer ${token}`;
    const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
    const send = this.#url.protocol === "http:" ? http().request : https().request;
    const since = this.#host.clock.now();
    const outgoing = send(
      {
        agent: this.#agent,
        hostname: this.#url.hostname.replace(/^\[|\]$/g, ""),
        port: this.#url.port || (this.#url.protocol === "http:" ? 80 : 443),
        method,
        path,
        headers,
        signal,
      },
      (response) => {
        this.#measure(method, String(response.statusCode), since);
        resolve(response);
      },
    );
    outgoing.on("error", (cause) => {
      this.#measure(method, "<error>", since);
      const where = `${method} ${this.#url.origin}${path}`;
      reject(signal?.aborted ? cause : unreachable(`${where}: ${cause.message}`, cause));
    });
    outgoing.end(body);
    return promise;
  }

  #measure(method: string, code: string, sinceMs: number): void {
    this.#requests.labels(code, method, this.#url.host).inc();
    this.#requestSeconds.labels(method, this.#url.host).observe((this.#host.clock.now() - sinceMs) / 1000);
  }

  async #token(): Promise<string | undefined> {
    const { token, tokenFile, getToken } = this.#config;
    if (getToken !== undefined) return getToken();
    if (tokenFile === undefined) return token;
    const now = this.#host.clock.now();
    if (this.#fileToken === undefined || now - this.#fileToken.readAt > tokenFileKeptMs) {
      this.#fileToken = { token: (await readFile(tokenFile, "utf8")).trim(), readAt: now };
    }
    return this.#fileToken.token;
  }
}

async function readText(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString("utf8");
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw errors.internalError(new Error(`the server's answer is no JSON: ${text.slice(0, 200)}`, { cause: error }));
  }
}

function isStatus(body: unknown): body is Status {
  return typeof body === "object" && body !== null && "kind" in body && body.kind === "Status";
}

function isList(body: unknown): body is KubeList {
  return typeof body === "object" && body !== null && "items" in body;
}

/** Items of a list go without apiVersion and kind on the wire; objects of components always have them. */
function typedItems(list: KubeList): KubeObject[] {
  const kind = list.kind.replace(/List$/, "");
  return (list.items ?? []).map((item) => ({
    ...item,
    apiVersion: item.apiVersion ?? list.apiVersion,
    kind: item.kind ?? kind,
  }));
}

/** The server's own Status when it sent one. */
function refusal(code: number, text: string): ApiError {
  try {
    const body: unknown = JSON.parse(text);
    if (isStatus(body)) return new ApiError(body);
  } catch {
    // Something in between answered, not the API server: its text is the message.
  }
  const message = text.trim() || `the server answered with HTTP status ${code}`;
  const reason = reasons[code];
  const status: Status = { kind: "Status", apiVersion: "v1", metadata: {}, status: "Failure", message, code };
  return new ApiError(reason === undefined ? status : { ...status, reason });
}

/** What client-go takes an answer without a Status for. A server says in plain text that it does not serve a path. */
const reasons: Readonly<Record<number, StatusReason>> = {
  400: "BadRequest",
  401: "Unauthorized",
  403: "Forbidden",
  404: "NotFound",
  405: "MethodNotAllowed",
  406: "NotAcceptable",
  410: "Gone",
  415: "UnsupportedMediaType",
  422: "Invalid",
  429: "TooManyRequests",
  500: "InternalError",
  503: "ServiceUnavailable",
  504: "Timeout",
};

function unreachable(message: string, cause: Error): ApiError {
  const status: Status = {
    kind: "Status",
    apiVersion: "v1",
    metadata: {},
    status: "Failure",
    reason: "ServiceUnavailable",
    message,
    code: 503,
  };
  return new ApiError(status, { cause });
}

function asWatchEvent(line: string): WatchEvent {
  const event = JSON.parse(line) as { type: WatchEvent["type"]; object: unknown };
  if (event.type === "ERROR") return { type: "ERROR", status: event.object as Status };
  return { type: event.type, object: event.object as KubeObject };
}

function warningsOf(response: IncomingMessage): string[] | undefined {
  const header = response.headers.warning;
  if (header === undefined) return undefined;
  return [...header.matchAll(/299 \S+ "((?:[^"\\]|\\.)*)"/g)].map(([, text = ""]) => text.replace(/\\(.)/g, "$1"));
}
