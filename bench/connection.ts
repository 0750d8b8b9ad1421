// Requests to an API server over TLS, by its kubeconfig.
import { readFileSync } from "node:fs";
import type { IncomingMessage } from "node:http";
import { Agent, request } from "node:https";
import { parse } from "yaml";

export interface Connection {
  readonly server: string;
  readonly agent: Agent;
  /** The body of the answer. @throws for any status that is no success. */
  readonly call: (method: string, path: string, body?: unknown, type?: string) => Promise<string>;
  /** How many bytes the answer has, which are not kept. */
  readonly discard: (path: string, accept: string) => Promise<number>;
  close(): void;
}

/** @param sockets how many connections there are at most. */
export function connect(kubeconfig: string, sockets: number): Connection {
  const config = parse(readFileSync(kubeconfig, "utf8"));
  const { cluster } = config.clusters[0];
  const { user } = config.users[0];
  const pem = (owner: Record<string, string>, name: string) =>
    owner[`${name}-data`] === undefined
      ? readFileSync(owner[name] ?? "")
      : Buffer.from(owner[`${name}-data`] ?? "", "base64");
  const agent = new Agent({
    ca: pem(cluster, "certificate-authority"),
    cert: pem(user, "client-certificate"),
    key: pem(user, "client-key"),
    keepAlive: true,
    maxSockets: sockets,
  });
  const { server } = cluster;
  return {
    server,
    agent,
    call: (...args) => call(server, agent, ...args),
    discard: (...args) => discard(server, agent, ...args),
    close: () => agent.destroy(),
  };
}

function discard(server: string, agent: Agent, path: string, accept: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const sent = request(new URL(path, server), { agent, headers: { accept } }, (res: IncomingMessage) => {
      let bytes = 0;
      res.on("data", (chunk: Buffer) => {
        bytes += chunk.length;
      });
      res.on("end", () => (res.statusCode === 200 ? resolve(bytes) : reject(new Error(`${path}: ${res.statusCode}`))));
      res.on("error", reject);
    });
    sent.on("error", reject).end();
  });
}

function call(
  server: string,
  agent: Agent,
  method: string,
  path: string,
  body?: unknown,
  type = "application/json",
): Promise<string> {
  return new Promise((resolve, reject) => {
    const headers = body === undefined ? {} : { "content-type": type };
    const sent = request(new URL(path, server), { method, agent, headers }, (res: IncomingMessage) => {
      const chunks: Buffer[] = [];
      res.on("data", (chunk: Buffer) => chunks.push(chunk));
      res.on("end", () => {
        const text = Buffer.concat(chunks).toString();
        if ((res.statusCode ?? 500) < 300) resolve(text);
        else reject(new Error(`${method} ${path}: ${res.statusCode} ${text.slice(-300)}`));
      });
    });
    sent.on("error", reject);
    sent.end(body === undefined ? undefined : JSON.stringify(body));
  });
}
