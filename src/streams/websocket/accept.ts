import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import type { WebSocket } from "ws";
import { asksForUpgrade, namedProtocols, UpgradeRefused } from "../http-upgrade.ts";

/** A message longer than this ends the connection. */
const messageBytesMax = 32 * 1024 * 1024;

export interface AcceptedWebSocket {
  readonly socket: WebSocket;
  /** Empty when the client named none. */
  readonly protocol: string;
}

/**
 * Agrees on a protocol and switches the connection to WebSocket. A client that names no protocol gets the one called "",
 * when that is supported. Resolves as soon as the handshake is answered. @throws UpgradeRefused
 */
export async function acceptWebSocket(
  request: IncomingMessage,
  socket: Duplex,
  head: Buffer,
  supported: readonly string[],
): Promise<AcceptedWebSocket> {
  if (!asksForUpgrade(request.headers, "websocket")) throw new UpgradeRefused(400, "Upgrade request required");
  const named = namedProtocols(request.headers["sec-websocket-protocol"]);
  const chosen = named.length === 0 ? "" : named.find((name) => supported.includes(name));
  if (chosen === undefined || (chosen === "" && !supported.includes(""))) {
    throw new UpgradeRefused(403, `unable to negotiate a protocol: server accepts [${supported.join(" ")}]`);
  }
  const { WebSocketServer } = await import("ws");
  const server = new WebSocketServer({
    noServer: true,
    clientTracking: false,
    perMessageDeflate: false,
    maxPayload: messageBytesMax,
  });
  if (chosen !== "") server.on("headers", (lines) => lines.push(`Sec-WebSocket-Protocol: ${chosen}`));
  return new Promise((resolve, reject) => {
    server.once("wsClientError", (error) => reject(new UpgradeRefused(400, error.message)));
    server.handleUpgrade(withoutProtocols(request), socket, head, (accepted) =>
      resolve({ socket: accepted, protocol: chosen }),
    );
  });
}

/** Protocols are agreed on above: the library refuses names that are no tokens, such as `SPDY/3.1+portforward.k8s.io`. */
function withoutProtocols(request: IncomingMessage): IncomingMessage {
  const { "sec-websocket-protocol": _, ...headers } = request.headers;
  return Object.create(request, { headers: { value: headers } }) as IncomingMessage;
}
