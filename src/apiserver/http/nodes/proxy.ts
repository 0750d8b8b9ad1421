import type { IncomingHttpHeaders, IncomingMessage, OutgoingHttpHeaders } from "node:http";
import type { Duplex } from "node:stream";
import { ApiError, errors } from "../../../api/meta/index.ts";
import type { Random } from "../../../host/index.ts";
import { joinConnections, requestUpgrade, responseHead } from "../../../streams/index.ts";
import { requestOn } from "../../dial/index.ts";
import type { ApiHandler, UserInfo } from "../../request.ts";
import type { AnswerHeaders, Exchange } from "../exchange.ts";
import { readAll } from "../read-body.ts";
import type { RequestInfo } from "../request-info.ts";
import type { KubeletClient } from "./kubelets.ts";
import { passOn } from "./log.ts";
import { type ProxyTarget, proxyTarget } from "./proxy-target.ts";
import { type Rewriting, rewriteAddress, rewriteHtml } from "./rewrite.ts";

export interface ProxyPorts {
  readonly handler: ApiHandler;
  readonly kubelets: KubeletClient;
  readonly random: Random;
}

/** HTTP's own headers of one connection; they are not passed on. */
const ofConnection: ReadonlySet<string> = new Set([
  "connection",
  "keep-alive",
  "proxy-connection",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
]);
const requestBytesMax = 64 * 1024 * 1024;
/** A page that is larger is passed on as it is. */
const pageBytesMax = 8 * 1024 * 1024;

/** Passes a request on to a pod, a service or a node, and its answer back. @throws ApiError */
export async function serveProxy(
  ports: ProxyPorts,
  info: RequestInfo,
  user: UserInfo,
  exchange: Exchange,
): Promise<number> {
  const { kubelets } = ports;
  const target = await proxyTarget(ports.handler, kubelets, ports.random, info, user);
  const { method } = exchange;
  const split = splitPath(exchange.url);
  const { prefix } = split;
  const path = split.path.startsWith("/") ? split.path : `/${split.path}`;
  // Relative links of a page only lead somewhere from an address that ends with a slash.
  if (path !== split.path && (method === "GET" || method === "HEAD")) {
    exchange.send(301, { location: prefix + path }, "");
    return 301;
  }
  const gone = new AbortController();
  exchange.onFinished(() => gone.abort());
  const body = method === "GET" || method === "HEAD" ? undefined : await exchange.readBody(requestBytesMax);
  const headers = onwardHeaders(exchange.headers, target, exchange.url);
  if (body !== undefined) headers["content-length"] = body.length;
  const response = await reached(async () =>
    requestOn({ method, path, headers, socket: await connect(kubelets, target), body, signal: gone.signal }),
  );
  await answer(response, { prefix, authority: target.authority }, exchange);
  return response.statusCode ?? 502;
}

/** The same for a request that wants another protocol, such as WebSocket: the two connections are joined. @throws ApiError */
export async function serveProxyUpgrade(
  ports: ProxyPorts,
  info: RequestInfo,
  user: UserInfo,
  request: IncomingMessage,
  socket: Duplex,
  head: Buffer,
): Promise<void> {
  const target = await proxyTarget(ports.handler, ports.kubelets, ports.random, info, user);
  const { url = "/", method = "GET" } = request;
  const split = splitPath(url).path;
  const path = split.startsWith("/") ? split : `/${split}`;
  const { connection, upgrade } = request.headers;
  const headers = { ...onwardHeaders(request.headers, target, url), connection, upgrade };
  const answered = await reached(async () =>
    requestUpgrade({ method, path, headers, socket: await connect(ports.kubelets, target) }),
  );
  if (answered.kind === "upgraded") {
    socket.write(responseHead(101, answered.headers));
    joinConnections(socket, head, answered.socket, answered.head);
    return;
  }
  const { response } = answered;
  socket.write(responseHead(response.statusCode ?? 502, { ...backwardHeaders(response.headers), connection: "close" }));
  response.pipe(socket);
}

async function connect(kubelets: KubeletClient, target: ProxyTarget): Promise<Duplex> {
  if (target.kubelet !== undefined) return (await kubelets.locate(target.kubelet)).connect();
  return kubelets.dialAddress(target.host, target.port, target.scheme);
}

async function reached<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof ApiError) throw error;
    const why = error instanceof Error ? error.message : String(error);
    throw errors.serviceUnavailable(`error trying to reach service: ${why}`);
  }
}

/** `/api/v1/namespaces/x/pods/y/proxy` and what follows it: the target's path, with the query. */
function splitPath(url: string): { prefix: string; path: string } {
  const match = /^(\/api\/[^/]+\/(?:namespaces\/[^/]+\/)?(?:pods|services|nodes)\/[^/]+\/proxy)(.*)$/s.exec(url);
  const [, prefix = "", path = ""] = match ?? [];
  return { prefix, path };
}

function onwardHeaders(headers: IncomingHttpHeaders, { authority }: ProxyTarget, url: string): OutgoingHttpHeaders {
  const onward: OutgoingHttpHeaders = {};
  for (const [name, value] of Object.entries(headers)) {
    const isOurs = name === "authorization" || name.startsWith("impersonate-") || name.startsWith(":");
    if (!isOurs && !ofConnection.has(name)) onward[name] = value;
  }
  const question = url.indexOf("?");
  return {
    ...onward,
    host: authority,
    // Pages are rewritten: nobody may pack them on the way.
    "accept-encoding": "identity",
    "x-forwarded-host": headers.host ?? headers[":authority"],
    "x-forwarded-proto": "https",
    "x-forwarded-uri": question < 0 ? url : url.slice(0, question),
  };
}

function backwardHeaders(headers: IncomingHttpHeaders): AnswerHeaders {
  const backward: AnswerHeaders = {};
  for (const [name, value] of Object.entries(headers)) {
    if (value !== undefined && !ofConnection.has(name)) backward[name] = value;
  }
  return backward;
}

async function answer(response: IncomingMessage, rewriting: Rewriting, exchange: Exchange): Promise<void> {
  const { statusCode: code = 502 } = response;
  const headers = backwardHeaders(response.headers);
  if (typeof headers.location === "string") headers.location = rewriteAddress(headers.location, rewriting);
  const isPage = response.headers["content-type"]?.startsWith("text/html") === true;
  const isShort = Number(response.headers["content-length"] ?? 0) <= pageBytesMax;
  if (isPage && isShort && exchange.method !== "HEAD") {
    const page = rewriteHtml((await readAll(response, pageBytesMax, undefined)).toString(), rewriting);
    exchange.send(code, headers, page);
    return;
  }
  if (exchange.method === "HEAD" || code === 204 || code === 304) {
    response.resume();
    exchange.send(code, headers);
    return;
  }
  await passOn(response, exchange.open(code, headers), exchange);
}
