/**
 * The sockets by which plugins of a node and its kubelet speak: gRPC over a socket of the file system, either side listening.
 * What they say to each other is left to those who use it.
 */
export { openSocket, type SocketClient } from "./client.ts";
export { type ServedService, type SocketServer, serveSocket } from "./serve.ts";
