import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { type Duplex, duplexPair } from "node:stream";

/** What a simulated container says of itself. */
export interface AnsweringContainer {
  readonly hostname: string;
  readonly name: string;
  readonly image: string;
}

/**
 * A connection to a port on which a simulated container listens. It speaks HTTP: every request is answered with who
 * answers, and `/hostname` and `/echo?msg=` as the images that Kubernetes' own tests use do.
 */
export function connectToContainer(container: AnsweringContainer): Duplex {
  const [client, server] = duplexPair();
  serverOf(container).emit("connection", server);
  return client;
}

function serverOf(container: AnsweringContainer): Server {
  return createServer((request, response) => answer(container, request, response));
}

function answer(
  { hostname, name, image }: AnsweringContainer,
  request: IncomingMessage,
  response: ServerResponse,
): void {
  request.resume();
  const { pathname, searchParams } = new URL(request.url ?? "/", "http://localhost");
  response.setHeader("content-type", "text/plain; charset=utf-8");
  if (pathname === "/hostname") response.end(hostname);
  else if (pathname === "/echo") response.end(searchParams.get("msg") ?? "");
  else response.end(`simulated container ${name} of ${image} in ${hostname}\n${request.method} ${request.url}\n`);
}
