import type { IncomingMessage } from "node:http";
import { connect } from "node:net";
import type { Duplex } from "node:stream";
import {
  asksForUpgrade,
  commandChannelProtocols,
  joinConnections,
  requestUpgrade,
  responseHead,
  type StreamOptions,
  serveSpdyCommand,
  serveSpdyPortForward,
  serveWebSocketCommand,
  serveWebSocketPortForward,
} from "../../streams/index.ts";
import { RuntimeError } from "../runtime/runtime.ts";
import type { CommandTarget, PortForwardTarget } from "../runtime/streaming.ts";
import { type ContainerPath, containerPath, type Target } from "./paths.ts";
import { Refusal } from "./refusal.ts";
import { containerSpecOf, findPod, type ServedNode, type ServedPod } from "./served-node.ts";

/** An upgrade request and its connection. */
export interface Upgrade {
  readonly request: IncomingMessage;
  readonly socket: Duplex;
  readonly head: Buffer;
  readonly target: Target;
}

/** `/exec/...`: runs a command in a container. @throws Refusal, UpgradeRefused before anything was answered. */
export async function serveExec(node: ServedNode, upgrade: Upgrade): Promise<void> {
  const { served, path } = podOf(node, upgrade.target);
  const options = streamOptions(upgrade.target.query);
  const containerId = containerIdOf(served, path);
  const command = upgrade.target.query.getAll("command");
  const target = await asked(node.runtime.exec({ containerId, command, ...options }));
  await serveCommand(node, upgrade, options, target);
}

/** `/attach/...`: joins the process of a container. @throws Refusal, UpgradeRefused before anything was answered. */
export async function serveAttach(node: ServedNode, upgrade: Upgrade): Promise<void> {
  const { served, path } = podOf(node, upgrade.target);
  // Whether a process has a terminal cannot be changed after it has started.
  const tty = containerSpecOf(served.pod, path.container)?.tty === true;
  const asks = streamOptions(upgrade.target.query);
  const options = { ...asks, tty, stderr: asks.stderr && !tty };
  const containerId = containerIdOf(served, path);
  const target = await asked(node.runtime.attach({ containerId, ...options }));
  await serveCommand(node, upgrade, options, target);
}

/** `/portForward/NAMESPACE/POD[/UID]`. @throws Refusal, UpgradeRefused before anything was answered. */
export async function servePortForward(node: ServedNode, upgrade: Upgrade): Promise<void> {
  const { request, socket, head, target } = upgrade;
  const [, namespace = "", name = "", uid] = target.parts;
  const served = requirePod(node, namespace, name, uid);
  const isWebSocket = asksForUpgrade(request.headers, "websocket");
  const ports = isWebSocket ? portsOf(target.query) : [];
  const podSandboxId = served.sandboxId;
  if (podSandboxId === undefined) throw new Refusal(500, `failed to find sandbox for pod "${name}_${namespace}"`);
  const forwarding: PortForwardTarget = await asked(node.runtime.portForward({ podSandboxId, ports }));
  if (forwarding.kind === "url") return passOn(upgrade, forwarding.url);
  const source = { name: podSandboxId, connect: (port: number) => forwarding.connect(port) };
  if (isWebSocket) return serveWebSocketPortForward(request, socket, head, ports, source);
  return serveSpdyPortForward({ headers: request.headers, socket, head }, source, node.host.clock);
}

async function serveCommand(
  node: ServedNode,
  upgrade: Upgrade,
  options: StreamOptions,
  target: CommandTarget,
): Promise<void> {
  if (target.kind === "url") return passOn(upgrade, target.url);
  const { request, socket, head } = upgrade;
  const { clock } = node.host;
  const run: typeof target.run = async (streams) => {
    try {
      return await target.run(streams);
    } catch (error) {
      return { kind: "failed", message: `error executing command in container: ${messageOf(error)}` };
    }
  };
  if (asksForUpgrade(request.headers, "websocket")) {
    return serveWebSocketCommand(request, socket, head, commandChannelProtocols, options, run, clock);
  }
  return serveSpdyCommand({ headers: request.headers, socket, head }, options, run, clock);
}

/** Hands the connection to the runtime's streaming server, which agrees on the protocol with the client itself. */
async function passOn({ request, socket, head }: Upgrade, to: string): Promise<void> {
  const url = new URL(to);
  const runtime = connect(Number(url.port), url.hostname);
  const headers = { ...request.headers, host: url.host };
  // What the client told the kubelet about itself is not for the runtime.
  delete headers.authorization;
  const answer = await requestUpgrade({
    method: request.method ?? "POST",
    path: url.pathname + url.search,
    headers,
    socket: runtime,
  }).catch((error: unknown) => {
    throw new Refusal(502, `error dialing the container runtime's streaming server: ${messageOf(error)}`);
  });
  if (answer.kind === "response") {
    const { response } = answer;
    socket.write(responseHead(response.statusCode ?? 500, { ...response.headers, connection: "close" }));
    response.pipe(socket);
    return;
  }
  socket.write(responseHead(101, answer.headers));
  joinConnections(socket, head, answer.socket, answer.head);
}

function podOf(node: ServedNode, { parts }: Target): { served: ServedPod; path: ContainerPath } {
  const path = containerPath(parts);
  if (path === undefined) throw new Refusal(404, "404 page not found\n");
  return { served: requirePod(node, path.namespace, path.pod, path.uid), path };
}

function requirePod(node: ServedNode, namespace: string, name: string, uid: string | undefined): ServedPod {
  const served = findPod(node, namespace, name);
  if (served === undefined || (uid !== undefined && served.pod.metadata.uid !== uid)) {
    throw new Refusal(404, "pod does not exist");
  }
  return served;
}

function containerIdOf(served: ServedPod, { container }: ContainerPath): string {
  const id = served.containerId(container, false);
  if (id === undefined) throw new Refusal(500, `container not found ("${container}")`);
  return id;
}

/** @throws Refusal 400 when no stream is asked for. */
function streamOptions(query: URLSearchParams): StreamOptions {
  const flag = (name: string): boolean => query.get(name) === "1" || query.get(name) === "true";
  const tty = flag("tty");
  const options = { stdin: flag("input"), stdout: flag("output"), stderr: flag("error") && !tty, tty };
  if (!options.stdin && !options.stdout && !options.stderr) {
    throw new Refusal(400, "you must specify at least 1 of stdin, stdout, stderr");
  }
  return options;
}

function portsOf(query: URLSearchParams): number[] {
  const texts = query.getAll("port").flatMap((text) => text.split(","));
  if (texts.length === 0) throw new Refusal(400, 'query parameter "port" is required');
  return texts.map((text) => {
    const port = Number(text);
    if (!Number.isInteger(port) || port < 1 || port > 65_535) throw new Refusal(400, `invalid port "${text}"`);
    return port;
  });
}

/** A refusal of the runtime, as its streaming errors are answered. */
async function asked<T>(answer: Promise<T>): Promise<T> {
  try {
    return await answer;
  } catch (error) {
    throw new Refusal(error instanceof RuntimeError && error.code === "NotFound" ? 404 : 500, messageOf(error));
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
