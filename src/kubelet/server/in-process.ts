import { createServer, type Server } from "node:http";
import { type Duplex, duplexPair } from "node:stream";
import { kubeletHandler } from "./handler.ts";
import type { ServedNode } from "./served-node.ts";

/** The kubelet's API of a node of this process: no port is opened, and who gets a connection has been let in. */
export class InProcessKubelet {
  readonly #node: ServedNode;
  #server: Server | undefined;

  constructor(node: ServedNode) {
    this.#node = node;
  }

  /** A connection that HTTP/1.1 requests to the kubelet can be sent on. */
  connect(): Duplex {
    this.#server ??= this.#makeServer();
    const [client, server] = duplexPair();
    this.#server.emit("connection", server);
    return client;
  }

  #makeServer(): Server {
    const { request, upgrade } = kubeletHandler(this.#node);
    // Its time is the node's, which may stand still: no request is too slow.
    return createServer({ requestTimeout: 0, headersTimeout: 0 }, request).on("upgrade", upgrade);
  }
}
