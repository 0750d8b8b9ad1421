/**
 * Many streams over one connection, as kubectl, API server, kubelet and container runtime speak: SPDY/3.1, WebSocket
 * channels, and the remote command and port-forward protocols over both. What the streams carry is left to those who open them.
 */
export type { CommandOutcome, CommandStreams, RemoteCommand, TerminalSize } from "./remote-command.ts";
