import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import { ApiError, errors, type KubeObject, statusOf } from "../../api/meta/index.ts";
import { requireAllowed } from "../auth/index.ts";
import type { NodeConnector } from "./node-connector.ts";
import type { PipelineOptions } from "./pipeline.ts";
import { containerOf } from "./pod-log.ts";
import { parseQuery, type Query } from "./query.ts";
import { attributesOf, parseRequestInfo } from "./request-info.ts";
import { findRoute, UnknownPath } from "./route.ts";

/** Requests that want another protocol (exec, attach, portforward): authorized here, then handed to the node. */
export function upgrader(options: PipelineOptions, nodes: Required<Pick<NodeConnector, "connect">>) {
  return (request: IncomingMessage, socket: Duplex, head: Buffer): void => {
    upgrade(options, nodes, request, socket, head).catch((error: unknown) => {
      if (!(error instanceof ApiError) && !(error instanceof UnknownPath)) {
        options.host.log.error("upgraded request failed", { path: request.url, error: String(error) });
      }
      refuse(socket, error instanceof UnknownPath ? errors.genericNotFound() : error);
    });
  };
}

async function upgrade(
  options: PipelineOptions,
  nodes: Required<Pick<NodeConnector, "connect">>,
  request: IncomingMessage,
  socket: Duplex,
  head: Buffer,
): Promise<void> {
  const { method = "GET", url = "/", headers } = request;
  const [rawPath = "", queryText = ""] = splitAtFirst(url, "?");
  const info = readInfo(method, rawPath);
  const real = await options.authenticator.authenticate(headers.authorization, request.socket);
  const user = options.impersonator.userOf(headers, real);
  requireAllowed(options.authorizer, attributesOf(info, user));
  if (!info.isResource) throw errors.badRequest("this path speaks no other protocol");
  const route = findRoute(options.kinds, info, method);
  if (!route.connect) throw errors.badRequest(`${info.resource} speak no other protocol`);
  const { group, version, resource, subresource, namespace, name } = info;
  const target = { group, version, resource, name, namespace: route.kind.namespaced ? namespace : undefined };
  const found = await options.handler.handle({ ...target, verb: "get", options: {}, user });
  if (found.kind !== "object") throw errors.genericNotFound();
  const query = parseQuery(queryText);
  if (resource === "pods") checkPod(found.object, subresource, query);
  await nodes.connect(
    { user, resource, subresource, object: found.object, path: info.path, query },
    request,
    socket,
    head,
  );
}

/** Subresources that speak to one container. */
const ofContainer: ReadonlySet<string> = new Set(["exec", "attach"]);

/** What can be told without the node: which container is meant, and whether there is a node at all. */
function checkPod(pod: KubeObject & { spec?: { nodeName?: string } }, subresource: string, query: Query): void {
  if (ofContainer.has(subresource)) containerOf(pod, query.get("container")?.[0]);
  if (!pod.spec?.nodeName) throw errors.badRequest(`pod ${pod.metadata.name} does not have a host assigned`);
}

function readInfo(method: string, rawPath: string) {
  try {
    return parseRequestInfo(method, rawPath, () => false);
  } catch {
    throw errors.badRequest("invalid URL escape");
  }
}

function splitAtFirst(text: string, separator: string): [string, string?] {
  const at = text.indexOf(separator);
  return at < 0 ? [text] : [text.slice(0, at), text.slice(at + 1)];
}

function refuse(socket: Duplex, error: unknown): void {
  if (!socket.writable) return;
  const status = statusOf(error);
  const body = `${JSON.stringify(status)}\n`;
  const head = [
    `HTTP/1.1 ${status.code ?? 500} ${status.reason ?? ""}`,
    "Content-Type: application/json",
    `Content-Length: ${Buffer.byteLength(body)}`,
    "Connection: close",
  ];
  socket.end(`${head.join("\r\n")}\r\n\r\n${body}`);
}
