import type { IncomingHttpHeaders, IncomingMessage, OutgoingHttpHeaders } from "node:http";
import type { Duplex } from "node:stream";
import type { DelegatedGroupVersion } from "../../../api/kinds/index.ts";
import type { JsonObject } from "../../../api/meta/index.ts";
import { answerAndEnd, joinConnections, requestUpgrade, responseHead } from "../../../streams/index.ts";
import type { AnswerHeaders, DelegatedServers, Exchange } from "../../http/index.ts";
import type { UserInfo } from "../../request.ts";
import type { ServiceClient, ServiceTarget } from "../service-client/index.ts";
import { isUserHeader, userHeaders } from "./front-proxy.ts";

/** Who knows how the servers of group versions are called; undefined while one cannot be used. */
export interface UsableServers {
  usable(group: string, version: string): ServiceTarget | undefined;
  openApiV3(): ReadonlyMap<string, string>;
  withOpenApiV2(document: JsonObject): JsonObject;
}

/** HTTP's own headers of one connection; they are not passed on. */
const ofConnection: ReadonlySet<string> = new Set([
  "connection",
  "keep-alive",
  "proxy-authenticate",
  "proxy-authorization",
  "proxy-connection",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
]);
/** What the other server takes at most is its own matter. */
const requestBytesMax = 64 * 1024 * 1024;
const plainText = { "content-type": "text/plain; charset=utf-8", "x-content-type-options": "nosniff" };
const unavailable = "service unavailable";

/** Hands requests on to the servers of group versions, in the name of who asks. */
export class AggregatingProxy implements DelegatedServers {
  readonly #servers: UsableServers;
  readonly #calls: ServiceClient;

  constructor(servers: UsableServers, calls: ServiceClient) {
    this.#servers = servers;
    this.#calls = calls;
  }

  async serve({ group, version }: DelegatedGroupVersion, exchange: Exchange, user: UserInfo): Promise<number> {
    const target = this.#servers.usable(group, version);
    if (target === undefined) return refuse(exchange, unavailable);
    const gone = new AbortController();
    exchange.onFinished(() => gone.abort());
    const { method, url } = exchange;
    const body = method === "GET" || method === "HEAD" ? undefined : await exchange.readBody(requestBytesMax);
    const headers = onwardHeaders(exchange.headers, user);
    if (body !== undefined) headers["content-length"] = body.length;
    let response: IncomingMessage;
    try {
      response = await this.#calls.open(target, { method, path: url, headers, body, signal: gone.signal });
    } catch (error) {
      if (gone.signal.aborted) return 499;
      return refuse(exchange, reachText(error));
    }
    await passBack(response, exchange);
    return response.statusCode ?? 502;
  }

  openApiV3(): ReadonlyMap<string, string> {
    return this.#servers.openApiV3();
  }

  withOpenApiV2(document: JsonObject): JsonObject {
    return this.#servers.withOpenApiV2(document);
  }

  /** For WebSocket and SPDY: the two connections are joined. */
  async upgrade(
    { group, version }: DelegatedGroupVersion,
    request: IncomingMessage,
    socket: Duplex,
    head: Buffer,
    user: UserInfo,
  ): Promise<void> {
    const target = this.#servers.usable(group, version);
    if (target === undefined) return answerAndEnd(socket, 503, plainText, `${unavailable}\n`);
    const { url = "/", method = "GET" } = request;
    const { connection, upgrade } = request.headers;
    const { name = "", namespace = "", port = 443 } = target.service ?? {};
    const host = `${name}.${namespace}.svc:${port}`;
    const headers = { ...onwardHeaders(request.headers, user), host, connection, upgrade };
    try {
      const onward = await this.#calls.connect(target);
      const answered = await requestUpgrade({ method, path: url, headers, socket: onward });
      if (answered.kind === "upgraded") {
        socket.write(responseHead(101, answered.headers));
        joinConnections(socket, head, answered.socket, answered.head);
        return;
      }
      const { response } = answered;
      const back = { ...backwardHeaders(response.headers), connection: "close" };
      socket.write(responseHead(response.statusCode ?? 502, back));
      response.pipe(socket);
    } catch (error) {
      answerAndEnd(socket, 503, plainText, `${reachText(error)}\n`);
    }
  }
}

function refuse(exchange: Exchange, text: string): number {
  exchange.send(503, { ...plainText }, `${text}\n`);
  return 503;
}

function reachText(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  return `error trying to reach service: ${message.replace(/^[A-Z][a-z]+ "[^"]*": /, "")}`;
}

/** Whoever asks is told by the proxy; what they showed to prove it stays here. */
export function onwardHeaders(headers: IncomingHttpHeaders, user: UserInfo): OutgoingHttpHeaders {
  const onward: OutgoingHttpHeaders = {};
  for (const [name, value] of Object.entries(headers)) {
    const isOurs = name === "authorization" || name.startsWith("impersonate-") || name.startsWith(":");
    if (!isOurs && name !== "host" && !isUserHeader(name) && !ofConnection.has(name)) onward[name] = value;
  }
  return {
    ...onward,
    ...userHeaders(user),
    "x-forwarded-host": headers.host ?? headers[":authority"],
    "x-forwarded-proto": "https",
  };
}

function backwardHeaders(headers: IncomingHttpHeaders): AnswerHeaders {
  const backward: AnswerHeaders = {};
  for (const [name, value] of Object.entries(headers)) {
    if (value !== undefined && !ofConnection.has(name)) backward[name] = value;
  }
  return backward;
}

/** As it comes: an answer may be a watch. */
async function passBack(response: IncomingMessage, exchange: Exchange): Promise<void> {
  const { statusCode: code = 502 } = response;
  const headers = backwardHeaders(response.headers);
  if (exchange.method === "HEAD" || code === 204 || code === 304) {
    response.resume();
    exchange.send(code, headers);
    return;
  }
  const stream = exchange.open(code, headers);
  exchange.onFinished(() => response.destroy());
  try {
    for await (const chunk of response) {
      if (stream.lost) break;
      if (stream.write(chunk as Buffer)) continue;
      await new Promise<void>((resolve) => {
        stream.onDrain(resolve);
        exchange.onFinished(resolve);
      });
    }
    stream.end();
  } catch {
    stream.destroy(); // too late for a Status
  }
}
