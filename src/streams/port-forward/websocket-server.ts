import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import { acceptWebSocket } from "../websocket/accept.ts";
import { WebSocketChannels } from "../websocket/channels.ts";
import { joinStream, type PortSource } from "./spdy-server.ts";

/** Of forwarding over WebSocket without SPDY in it; the ports are those of the query. */
const protocols = ["v4.channel.k8s.io", "v4.base64.channel.k8s.io", ""] as const;

/**
 * Forwards one connection to each port: channel 2n carries the data of the nth, channel 2n+1 its error; both begin with
 * the port's number. Resolves when the client has gone. @throws UpgradeRefused before anything was answered.
 */
export async function serveWebSocketPortForward(
  request: IncomingMessage,
  socket: Duplex,
  head: Buffer,
  ports: readonly number[],
  source: PortSource,
): Promise<void> {
  const accepted = await acceptWebSocket(request, socket, head, protocols);
  const channels = new WebSocketChannels(accepted.socket, accepted.protocol);
  const forwards = ports.map((port, i) => forward(channels, i * 2, port, source));
  // A browser may forward one port after the other: the connection ends with its last one.
  await Promise.all(forwards);
  await channels.close();
}

async function forward(channels: WebSocketChannels, channel: number, port: number, source: PortSource): Promise<void> {
  const number = Buffer.alloc(2);
  number.writeUInt16LE(port);
  const client = channels.duplex(channel);
  client.on("error", () => {}); // the client's going ends the target
  channels.send(channel, number);
  channels.send(channel + 1, number);
  try {
    await joinStream(client, await source.connect(port));
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    channels.send(channel + 1, Buffer.from(`error forwarding port ${port} to pod ${source.name}: ${why}`));
  }
}
