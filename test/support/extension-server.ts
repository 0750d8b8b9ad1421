// An HTTPS server on loopback that stands behind API groups as extension servers do: it believes only the front proxy that
// the config map extension-apiserver-authentication names, and takes who asks from its headers.
import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer, type Server } from "node:https";
import type { AddressInfo } from "node:net";
import type { TLSSocket } from "node:tls";
import { CertificateAuthority } from "../../src/certificates/index.ts";
import type { Client } from "../../src/client/index.ts";
import { systemHost } from "../../src/host/index.ts";
import { resources } from "../../src/index.ts";

export interface AskedAs {
  readonly name: string;
  readonly groups: readonly string[];
}

export interface Asked {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly user: AskedAs;
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
}

/** Answers with an object, or writes the response itself and gives undefined. */
export type Answering = (asked: Asked) => object | undefined;

const hour = 3_600_000;

export class ExtensionServer {
  /** By the beginning of the path, the longest first. */
  readonly answers = new Map<string, Answering>();
  /** Method, path and user of what was asked, but for looks whether it is well. */
  readonly asked: string[] = [];
  readonly port: number;
  /** In base64, as an APIService takes it. */
  readonly caBundle: string;
  readonly server: Server;

  private constructor(server: Server, port: number, caBundle: string) {
    this.server = server;
    this.port = port;
    this.caBundle = caBundle;
  }

  /** Behind the service of this name, which it makes: one that leads to this machine. */
  static async start(client: Client, namespace: string, name: string): Promise<ExtensionServer> {
    const host = systemHost({ log: { level: "error" } });
    const notBefore = host.clock.now() - hour;
    const notAfter = notBefore + 2 * hour;
    const authority = CertificateAuthority.create("extension-ca", notBefore, notAfter, host);
    const names = [`${name}.${namespace}.svc`];
    const pair = authority.issue({ commonName: name, names, usage: "server", notBefore, notAfter });
    const trust = await client
      .resource(resources.configmaps)
      .get({ namespace: "kube-system", name: "extension-apiserver-authentication" });
    const ca = trust.data?.["requestheader-client-ca-file"] ?? "";
    const allowed = JSON.parse(trust.data?.["requestheader-allowed-names"] ?? "[]") as string[];
    const server = createServer({
      cert: pair.cert,
      key: pair.key,
      ca,
      requestCert: true,
      rejectUnauthorized: false,
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const { port } = server.address() as AddressInfo;
    const made = new ExtensionServer(server, port, Buffer.from(authority.pair.cert).toString("base64"));
    server.on("request", (request, response) => made.#serve(allowed, request, response));
    await client.resource(resources.services).create({
      metadata: { namespace, name },
      spec: { type: "ExternalName", externalName: "localhost" },
    });
    return made;
  }

  /** Stands behind this group version from now on. */
  async register(client: Client, namespace: string, name: string, group: string, version: string): Promise<void> {
    await client.resource(resources.apiservices).create({
      metadata: { name: `${version}.${group}` },
      spec: {
        group,
        version,
        groupPriorityMinimum: 100,
        versionPriority: 100,
        caBundle: this.caBundle,
        service: { namespace, name, port: this.port },
      },
    });
  }

  stop(): void {
    this.server.closeAllConnections();
    this.server.close();
  }

  #serve(allowed: readonly string[], request: IncomingMessage, response: ServerResponse): void {
    const socket = request.socket as TLSSocket;
    const name = String(socket.getPeerCertificate().subject?.CN);
    const url = new URL(request.url ?? "/", "https://localhost");
    if (!socket.authorized || !allowed.includes(name)) {
      send(response, 401, status(401, "Unauthorized"));
      return;
    }
    const [user = ""] = request.headersDistinct["x-remote-user"] ?? [];
    const groups = request.headersDistinct["x-remote-group"] ?? [];
    const { method = "GET" } = request;
    if (user !== "system:kube-aggregator") this.asked.push(`${method} ${request.url} ${user}`);
    const prefix = [...this.answers.keys()]
      .filter((one) => url.pathname.startsWith(one))
      .sort((a, b) => b.length - a.length)[0];
    const answering = prefix === undefined ? undefined : this.answers.get(prefix);
    const asked = {
      method,
      path: url.pathname,
      query: url.searchParams,
      user: { name: user, groups },
      request,
      response,
    };
    const answer = answering === undefined ? status(404, "NotFound") : answering(asked);
    if (answer !== undefined) send(response, codeOf(answer), answer);
  }
}

export function resourceList(groupVersion: string, list: readonly object[]): object {
  return { kind: "APIResourceList", apiVersion: "v1", groupVersion, resources: list };
}

export function status(code: number, reason: string): object {
  const message = `the extension server says ${reason}`;
  return { kind: "Status", apiVersion: "v1", metadata: {}, status: "Failure", message, reason, code };
}

function codeOf(answer: object): number {
  const { kind, code } = answer as { kind?: string; code?: number };
  return kind === "Status" ? (code ?? 200) : 200;
}

function send(response: ServerResponse, code: number, body: object): void {
  response.writeHead(code, { "content-type": "application/json" }).end(JSON.stringify(body));
}
