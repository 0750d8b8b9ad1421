import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import { namedProtocols } from "../http-upgrade.ts";
import { acceptWebSocket } from "./accept.ts";

/** A WebSocket protocol whose messages are the bytes of a SPDY connection begins so. */
const tunnelPrefix = "SPDY/3.1+";
const kubernetesSuffix = "k8s.io";

/** The SPDY protocols that a WebSocket client wants to tunnel; none when it asks for something else. */
export function tunnelledProtocols(request: Pick<IncomingMessage, "headers">): string[] {
  return namedProtocols(request.headers["sec-websocket-protocol"])
    .filter((name) => name.startsWith(tunnelPrefix) && name.endsWith(kubernetesSuffix))
    .map((name) => name.slice(tunnelPrefix.length));
}

/** Switches to a WebSocket that carries the bytes of a SPDY connection of this protocol. @throws UpgradeRefused */
export async function acceptTunnel(
  request: IncomingMessage,
  socket: Duplex,
  head: Buffer,
  protocol: string,
): Promise<Duplex> {
  const accepted = await acceptWebSocket(request, socket, head, [tunnelPrefix + protocol]);
  const { createWebSocketStream } = await import("ws");
  return createWebSocketStream(accepted.socket);
}
