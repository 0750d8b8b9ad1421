import type { IncomingMessage, OutgoingHttpHeaders } from "node:http";
import type { Duplex } from "node:stream";
import { ApiError, errors, type KubeObject, type Status } from "../../../api/meta/index.ts";
import type { Clock } from "../../../host/index.ts";
import {
  acceptTunnel,
  asksForUpgrade,
  type CommandOutcome,
  followSpdyCommand,
  joinConnections,
  namedProtocols,
  offeredCommandProtocols,
  type RemoteCommand,
  requestUpgrade,
  responseHead,
  SpdyConnection,
  type StreamOptions,
  serveWebSocketCommand,
  spdyProtocol,
  streamCloseProtocol,
  streamProtocolHeader,
  tunnelledProtocols,
  type UpgradeAnswer,
} from "../../../streams/index.ts";
import type { Query } from "../query.ts";
import { readAll } from "../read-body.ts";
import { containerOf, type PodContainers } from "./containers.ts";
import { type KubeletClient, type KubeletLocation, unknownError } from "./kubelets.ts";

/** A client's request for streams to a pod, and its connection. */
export interface StreamRequest {
  readonly request: IncomingMessage;
  readonly socket: Duplex;
  readonly head: Buffer;
  readonly pod: KubeObject & PodContainers;
  readonly subresource: string;
  readonly query: Query;
}

const refusalBytesMax = 50_000;

/**
 * Exec, attach and port-forward. SPDY is passed on to the kubelet as it is. A WebSocket that can close its input, or that
 * tunnels SPDY, is answered here and becomes SPDY towards the kubelet; older WebSocket protocols are passed on.
 * @throws ApiError, UpgradeRefused before anything was answered.
 */
export async function serveStreams(kubelets: KubeletClient, clock: Clock, stream: StreamRequest): Promise<void> {
  const { request, pod, subresource } = stream;
  const path = kubeletPath(stream);
  const { nodeName } = pod.spec ?? {};
  if (!nodeName) throw errors.badRequest(`pod ${pod.metadata.name} does not have a host assigned`);
  const kubelet = await kubelets.locate(nodeName);
  if (!asksForUpgrade(request.headers, "websocket")) return passOn(kubelet, stream, path);
  if (subresource === "portforward") {
    const [tunnelled] = tunnelledProtocols(request);
    return tunnelled === undefined ? passOn(kubelet, stream, path) : tunnel(kubelet, stream, path, tunnelled);
  }
  const named = namedProtocols(request.headers["sec-websocket-protocol"]);
  if (!named.includes(streamCloseProtocol)) return passOn(kubelet, stream, path);
  const options = streamOptions(stream.query);
  const run = remoteCommand(kubelet, path, options);
  await serveWebSocketCommand(request, stream.socket, stream.head, [streamCloseProtocol], options, run, clock);
}

/** The kubelet's path for what is asked. @throws ApiError 400 for a container that is not the pod's. */
function kubeletPath({ pod, subresource, query }: StreamRequest): string {
  const { namespace = "", name = "" } = pod.metadata;
  const onward = new URLSearchParams();
  if (subresource === "portforward") {
    for (const port of query.get("ports") ?? []) onward.append("port", port);
    return path(["portForward", namespace, name], onward);
  }
  const container = containerOf(pod, query.get("container")?.[0] || undefined);
  const { stdin, stdout, stderr, tty } = streamOptions(query);
  if (stdin) onward.set("input", "1");
  if (stdout) onward.set("output", "1");
  if (stderr) onward.set("error", "1");
  if (tty) onward.set("tty", "1");
  if (subresource === "exec") for (const word of query.get("command") ?? []) onward.append("command", word);
  return path([subresource, namespace, name, container], onward);
}

function path(parts: readonly string[], query: URLSearchParams): string {
  const text = `/${parts.map(encodeURIComponent).join("/")}`;
  return query.size === 0 ? text : `${text}?${query}`;
}

function streamOptions(query: Query): StreamOptions {
  const flag = (name: string): boolean => {
    const value = query.get(name)?.[0];
    return value !== undefined && value !== "0" && value.toLowerCase() !== "false";
  };
  const tty = flag("tty");
  return { stdin: flag("stdin"), stdout: flag("stdout"), stderr: flag("stderr") && !tty, tty };
}

/** Asks the kubelet as the client asked, and joins the two connections. */
async function passOn(kubelet: KubeletLocation, stream: StreamRequest, path: string): Promise<void> {
  const { request, socket, head } = stream;
  const headers = onwardHeaders(request, kubelet);
  const answer = await upgradeAt(kubelet, request.method ?? "POST", path, headers, untilGone(socket));
  if (answer.kind === "response") return answerAs(socket, answer.response);
  socket.write(responseHead(101, answer.headers));
  joinConnections(socket, head, answer.socket, answer.head);
}

/** SPDY in the messages of a WebSocket: taken out for the kubelet. */
async function tunnel(kubelet: KubeletLocation, stream: StreamRequest, path: string, protocol: string): Promise<void> {
  const { request, socket, head } = stream;
  const headers = spdyHeaders(kubelet, [protocol]);
  const answer = await upgradeAt(kubelet, "POST", path, headers, untilGone(socket));
  if (answer.kind === "response") return answerAs(socket, answer.response);
  const client = await acceptTunnel(request, socket, head, protocol);
  joinConnections(client, Buffer.alloc(0), answer.socket, answer.head);
}

/** A command that the kubelet runs, followed over SPDY. */
function remoteCommand(kubelet: KubeletLocation, path: string, options: StreamOptions): RemoteCommand {
  return async (streams): Promise<CommandOutcome> => {
    const headers = spdyHeaders(kubelet, offeredCommandProtocols);
    const answer = await upgradeAt(kubelet, "POST", path, headers, streams.signal);
    if (answer.kind === "response") {
      throw new Error(`unable to upgrade connection: ${await refusalText(answer.response)}`);
    }
    const protocol = answer.headers[streamProtocolHeader];
    const connection = new SpdyConnection(answer.socket, { role: "client" }, answer.head);
    return followSpdyCommand(connection, typeof protocol === "string" ? protocol : "", options, streams);
  };
}

async function upgradeAt(
  kubelet: KubeletLocation,
  method: string,
  path: string,
  headers: OutgoingHttpHeaders,
  signal: AbortSignal,
): Promise<UpgradeAnswer> {
  try {
    return await requestUpgrade({ method, path, headers, socket: await kubelet.connect(), signal });
  } catch (error) {
    if (error instanceof ApiError) throw error;
    throw unknownError(`error dialing backend: ${error instanceof Error ? error.message : String(error)}`);
  }
}

/** Aborts when the client has gone: a kubelet that does not answer is asked no longer. */
function untilGone(socket: Duplex): AbortSignal {
  const gone = new AbortController();
  socket.once("close", () => gone.abort());
  return gone.signal;
}

function spdyHeaders(kubelet: KubeletLocation, protocols: readonly string[]): OutgoingHttpHeaders {
  return {
    host: kubelet.authority,
    connection: "Upgrade",
    upgrade: spdyProtocol,
    [streamProtocolHeader]: [...protocols],
  };
}

/** What the client said, but for who it is: the kubelet knows the API server. */
export function onwardHeaders(request: IncomingMessage, { authority }: { authority: string }): OutgoingHttpHeaders {
  const headers: OutgoingHttpHeaders = { ...request.headers, host: authority };
  for (const name of Object.keys(headers)) {
    if (name === "authorization" || name.startsWith("impersonate-")) delete headers[name];
  }
  return headers;
}

/** The kubelet's refusal is the client's answer. */
async function answerAs(socket: Duplex, response: IncomingMessage): Promise<void> {
  const body = await readAll(response, refusalBytesMax, undefined);
  const type = response.headers["content-type"] ?? "text/plain";
  const headers = { "Content-Type": type, "Content-Length": body.length, Connection: "close" };
  socket.write(responseHead(response.statusCode ?? 500, headers));
  socket.end(body);
}

async function refusalText(response: IncomingMessage): Promise<string> {
  const text = (await readAll(response, refusalBytesMax, undefined)).toString();
  try {
    const { kind, message } = JSON.parse(text) as Partial<Status>;
    return kind === "Status" && message !== undefined ? message : text;
  } catch {
    return text; // kubelets refuse with text
  }
}
