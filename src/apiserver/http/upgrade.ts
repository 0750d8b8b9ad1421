import { type IncomingMessage, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import type { ResourceKind } from "../../api/kinds/index.ts";
import { ApiError, errors, type KubeObject, statusOf } from "../../api/meta/index.ts";
import { answerAndEnd, asksForUpgrade, namedProtocols, UpgradeRefused } from "../../streams/index.ts";
import type { AuditTrail } from "../audit/index.ts";
import { requireAllowed, requireAllowedAndTell } from "../auth/index.ts";
import type { UserInfo } from "../request.ts";
import { auditTrailOf } from "./audited-exchange.ts";
import type { Exchange } from "./exchange.ts";
import { Http1Exchange } from "./http1-exchange.ts";
import { admitConnect, type PodContainers } from "./nodes/index.ts";
import { delegatedOf, type PipelineOptions } from "./pipeline.ts";
import { asksToWatch, parseQuery, type Query } from "./query.ts";
import { attributesOf, parseRequestInfo, type RequestInfo } from "./request-info.ts";
import { findRoute, UnknownPath } from "./route.ts";
import { WebSocketExchange } from "./websocket-exchange.ts";

/** Where a browser, which cannot set headers of a WebSocket, puts its token. */
const tokenProtocolPrefix = "base64url.bearer.authorization.k8s.io.";
const withStreams: ReadonlySet<string> = new Set(["exec", "attach", "portforward"]);

interface Upgrade {
  readonly request: IncomingMessage;
  readonly socket: Duplex;
  readonly head: Buffer;
  readonly info: RequestInfo;
  readonly query: Query;
}

/**
 * Requests that want another protocol. Exec, attach, portforward and proxy get it when they are authorized; a watch
 * or a log may be a WebSocket; all others are answered as if they had not asked.
 */
export function upgrader(options: PipelineOptions, serve: (exchange: Exchange) => void) {
  return (request: IncomingMessage, socket: Duplex, head: Buffer): void => {
    takeToken(request);
    begin(options, serve, request, socket, head).catch((error: unknown) => {
      if (error instanceof UpgradeRefused) {
        answerAndEnd(socket, error.code, { "Content-Type": "text/plain", ...error.headers }, error.message);
        return;
      }
      if (!(error instanceof ApiError) && !(error instanceof UnknownPath)) {
        const why = error instanceof Error ? error.stack : String(error);
        options.host.log.error("upgraded request failed", { path: request.url, error: why });
      }
      refuse(socket, error instanceof UnknownPath ? errors.genericNotFound() : error);
    });
  };
}

async function begin(
  options: PipelineOptions,
  serve: (exchange: Exchange) => void,
  request: IncomingMessage,
  socket: Duplex,
  head: Buffer,
): Promise<void> {
  const { method = "GET", url = "/" } = request;
  const question = url.indexOf("?");
  const query = parseQuery(question < 0 ? "" : url.slice(question + 1));
  const info = readInfo(method, question < 0 ? url : url.slice(0, question), query);
  const upgrade = { request, socket, head, info, query };
  const { delegates } = options;
  const delegated = delegatedOf(options.kinds, info);
  if (delegates !== undefined && delegated !== undefined) {
    const user = await authorized(options, upgrade);
    await delegates.upgrade(delegated, request, socket, head, user);
    return;
  }
  if (info.isResource && (withStreams.has(info.subresource) || info.subresource === "proxy")) {
    await connect(options, upgrade);
  } else if (isStreamed(info) && asksForUpgrade(request.headers, "websocket")) {
    serve(new WebSocketExchange(request, socket, head, info.verb === "watch"));
  } else {
    serve(plainExchange(request, socket));
  }
}

function isStreamed({ isResource, verb, subresource }: RequestInfo): boolean {
  return isResource && (verb === "watch" || subresource === "log");
}

async function authorized(options: PipelineOptions, { request, info, query }: Upgrade): Promise<UserInfo> {
  const { headers } = request;
  const shown = { url: request.url, headers, headerValues: (name: string) => request.headersDistinct[name] ?? [] };
  const real = await options.authenticator.authenticate(shown, request.socket);
  const trail = auditedUpgrade(options, { request, info, query }, real);
  const user = options.impersonator.userOf(request.headers, real);
  if (user !== real) trail?.impersonating(user);
  const attributes = attributesOf(info, user, query);
  if (trail === undefined) requireAllowed(options.authorizer, attributes);
  else {
    try {
      requireAllowedAndTell(options.authorizer, attributes, trail);
    } catch (error) {
      const status = statusOf(error);
      trail.failed(status);
      trail.complete(status.code ?? 500);
      throw error;
    }
    trail.started(switchingProtocols);
  }
  return user;
}

const switchingProtocols = 101;

/** Told of until the connection ends. */
function auditedUpgrade(
  { audit, host }: PipelineOptions,
  { request, info, query }: Pick<Upgrade, "request" | "info" | "query">,
  user: UserInfo,
): AuditTrail | undefined {
  const asked = { headers: request.headers, connection: request.socket, url: request.url ?? "/" };
  const trail = audit && auditTrailOf(audit, asked, info, query, host.random.uuid(), user);
  if (trail !== undefined) request.socket.once("close", () => trail.complete(switchingProtocols));
  return trail;
}

async function connect(options: PipelineOptions, upgrade: Upgrade): Promise<void> {
  const { request, socket, head, info } = upgrade;
  const user = await authorized(options, upgrade);
  const route = findRoute(options.kinds, info, request.method ?? "GET");
  if (!route.connect) throw errors.badRequest(`${info.resource} speak no other protocol`);
  const open = options.metrics.longRunning(info);
  open.inc();
  socket.once("close", () => open.dec());
  if (info.subresource === "proxy") {
    await admitConnect(options.admission, route.kind, info, upgrade.query, user);
    const { serveProxyUpgrade } = await import("./nodes/proxy.ts");
    const { handler, kubelets, host } = options;
    await serveProxyUpgrade({ handler, kubelets, random: host.random }, info, user, request, socket, head);
    return;
  }
  // A WebSocket is asked for by a GET: who may only read must not run commands that way.
  requireAllowed(options.authorizer, attributesOf({ ...info, verb: "create" }, user));
  await stream(options, route.kind, upgrade, user);
}

async function stream(options: PipelineOptions, kind: ResourceKind, upgrade: Upgrade, user: UserInfo): Promise<void> {
  const { group, version, resource, subresource, namespace, name } = upgrade.info;
  const target = { group, version, resource, name, namespace };
  const found = await options.handler.handle({ ...target, verb: "get", options: {}, user });
  if (found.kind !== "object") throw errors.genericNotFound();
  const pod = found.object as KubeObject & PodContainers;
  await admitConnect(options.admission, kind, upgrade.info, upgrade.query, user);
  const { serveStreams } = await import("./nodes/streams.ts");
  await serveStreams(options.kubelets, options.host.clock, { ...upgrade, pod, subresource });
}

function readInfo(method: string, rawPath: string, query: Query): RequestInfo {
  try {
    return parseRequestInfo(method, rawPath, () => asksToWatch(query));
  } catch {
    throw errors.badRequest("invalid URL escape");
  }
}

/** Node has given the connection away; the answer is written on it and ends it. */
function plainExchange(request: IncomingMessage, socket: Duplex): Exchange {
  const response = new ServerResponse(request);
  response.shouldKeepAlive = false;
  response.assignSocket(socket as Socket);
  response.once("finish", () => socket.end());
  return new Http1Exchange(request, response);
}

/** Moves a token from the list of protocols, where it must not be the only one, to its header. */
function takeToken(request: IncomingMessage): void {
  const { headers } = request;
  const named = namedProtocols(headers["sec-websocket-protocol"]);
  const token = named.find((name) => name.startsWith(tokenProtocolPrefix));
  if (token === undefined || named.length < 2 || headers.authorization !== undefined) return;
  headers.authorization = `Bearer ${Buffer.from(token.slice(tokenProtocolPrefix.length), "base64url").toString()}`;
  headers["sec-websocket-protocol"] = named.filter((name) => name !== token).join(", ");
}

function refuse(socket: Duplex, error: unknown): void {
  const status = statusOf(error);
  answerAndEnd(socket, status.code ?? 500, { "Content-Type": "application/json" }, `${JSON.stringify(status)}\n`);
}
