import type { AddressInfo } from "node:net";
import type { Duplex } from "node:stream";
import { type Access, type ReviewedAccessOptions, reviewedAccess } from "./access.ts";
import { kubeletHandler } from "./handler.ts";
import type { ServedNode } from "./served-node.ts";

export interface KubeletServerOptions extends Pick<ReviewedAccessOptions, "client" | "authorization" | "anonymous"> {
  readonly node: ServedNode;
  /** PEM. */
  readonly cert: string;
  readonly key: string;
  /** PEM of the authorities whose client certificates say who the client is. */
  readonly clientCa?: string;
  /** Default 0.0.0.0 */
  readonly address?: string;
  /** Default 10250; 0 takes a free one. */
  readonly port?: number;
}

export interface KubeletServer {
  readonly port: number;
  /** Ends the listener and all connections. */
  close(): Promise<void>;
}

export const defaultKubeletPort = 10_250;
const idleConnectionMs = 90_000;

/** Serves the kubelet's API over HTTPS. Rejects when the address cannot be listened on. */
export async function startKubeletServer(options: KubeletServerOptions): Promise<KubeletServer> {
  const { node, cert, key, clientCa, address = "0.0.0.0", port = defaultKubeletPort } = options;
  const { clock, log } = node.host;
  const access: Access = reviewedAccess({ ...options, clock, nodeName: node.name });
  const { request, upgrade } = kubeletHandler(node, access);
  const { createServer } = await import("node:https");
  const server = createServer(
    {
      cert,
      key,
      ca: clientCa,
      requestCert: clientCa !== undefined,
      // Who has no certificate may have a token: authentication decides, not the handshake.
      rejectUnauthorized: false,
      minVersion: "TLSv1.2",
      keepAliveTimeout: idleConnectionMs,
      requestTimeout: 0,
    },
    request,
  );
  const upgraded = new Set<Duplex>();
  server.on("upgrade", (incoming, socket, head) => {
    upgraded.add(socket);
    socket.once("close", () => upgraded.delete(socket));
    upgrade(incoming, socket, head);
  });
  server.on("tlsClientError", (error) => log.debug("TLS handshake error", { error: error.message }));
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, address, () => {
      server.off("error", reject);
      resolve();
    });
  });
  server.on("error", (error) => log.error("the kubelet's listener failed", { error: error.message }));
  return {
    port: (server.address() as AddressInfo).port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of upgraded) socket.destroy();
        server.closeAllConnections();
      }),
  };
}
