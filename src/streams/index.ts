/**
 * Many streams over one connection, as kubectl, API server, kubelet and container runtime speak: SPDY/3.1, WebSocket
 * channels, and the remote command and port-forward protocols over both. What the streams carry is left to those who open them.
 */
export {
  acceptSpdy,
  answerAndEnd,
  asksForUpgrade,
  joinConnections,
  namedProtocols,
  requestUpgrade,
  responseHead,
  spdyProtocol,
  streamProtocolHeader,
  type UpgradeAnswer,
  UpgradeRefused,
  type UpgradeRequest,
} from "./http-upgrade.ts";
export { type PortSource, portForwardProtocol, serveSpdyPortForward } from "./port-forward/spdy-server.ts";
export { serveWebSocketPortForward } from "./port-forward/websocket-server.ts";
export type {
  CommandOutcome,
  CommandStreams,
  RemoteCommand,
  StreamOptions,
  TerminalSize,
} from "./remote-command/command.ts";
export { followSpdyCommand, offeredCommandProtocols } from "./remote-command/spdy-client.ts";
export { commandProtocols, serveSpdyCommand, type UpgradeConnection } from "./remote-command/spdy-server.ts";
export {
  commandChannelProtocols,
  serveWebSocketCommand,
  streamCloseProtocol,
} from "./remote-command/websocket-server.ts";
export { SpdyConnection, SpdyError, type SpdyHeaders, type SpdyStream } from "./spdy/index.ts";
export { type AcceptedWebSocket, acceptWebSocket } from "./websocket/accept.ts";
export { acceptTunnel, tunnelledProtocols } from "./websocket/tunnel.ts";
