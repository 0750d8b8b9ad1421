import type { IncomingMessage, OutgoingHttpHeaders } from "node:http";
import { request as httpRequest } from "node:http";
import { connect as connectTcp, isIPv6 } from "node:net";
import type { Duplex } from "node:stream";
import { type ConnectionOptions, connect as connectTls } from "node:tls";
import { errors } from "../../api/meta/index.ts";

/** A connection could not be made; the message is the original's. */
export class DialError extends Error {
  override readonly name = "DialError";
}

const problems: Readonly<Record<string, string>> = {
  ECONNREFUSED: "connect: connection refused",
  EHOSTUNREACH: "connect: no route to host",
  ENETUNREACH: "connect: network is unreachable",
  ETIMEDOUT: "i/o timeout",
};
const unknownAuthority = "certificate signed by unknown authority";
const untimely = "certificate has expired or is not yet valid";
const mistrust: Readonly<Record<string, string>> = {
  CERT_HAS_EXPIRED: untimely,
  CERT_NOT_YET_VALID: untimely,
  DEPTH_ZERO_SELF_SIGNED_CERT: unknownAuthority,
  SELF_SIGNED_CERT_IN_CHAIN: unknownAuthority,
  UNABLE_TO_GET_ISSUER_CERT: unknownAuthority,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: unknownAuthority,
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: unknownAuthority,
};
const dialTimeoutMs = 30_000;

/** Connects over TCP, with TLS when options for it are given. @throws DialError */
export function dial(host: string, port: number, tls?: ConnectionOptions): Promise<Duplex> {
  return new Promise((resolve, reject) => {
    const socket = tls === undefined ? connectTcp({ host, port }) : connectTls({ ...tls, host, port });
    const fail = (error: NodeJS.ErrnoException): void => {
      socket.destroy();
      reject(new DialError(dialText(host, port, error)));
    };
    socket.setTimeout(dialTimeoutMs, () => fail(Object.assign(new Error(), { code: "ETIMEDOUT" })));
    socket.once("error", fail);
    socket.once(tls === undefined ? "connect" : "secureConnect", () => {
      socket.off("error", fail);
      socket.setTimeout(0);
      socket.setNoDelay(true);
      resolve(socket);
    });
  });
}

/** Why a connection could not be made. */
export function dialText(host: string, port: number, error: NodeJS.ErrnoException): string {
  const { code = "", message } = error;
  const mistrusted = mistrust[code] ?? (code === "ERR_TLS_CERT_ALTNAME_INVALID" ? nameText(error) : undefined);
  if (mistrusted !== undefined) return `tls: failed to verify certificate: x509: ${mistrusted}`;
  if (code === "ENOTFOUND" || code === "EAI_AGAIN") return `dial tcp: lookup ${host}: no such host`;
  const known = problems[code];
  return known === undefined ? message : `dial tcp ${joinHostPort(host, port)}: ${known}`;
}

/** The certificate is another server's. */
function nameText(
  error: Error & { readonly host?: string; readonly cert?: { readonly subjectaltname?: string } },
): string {
  const names = (error.cert?.subjectaltname ?? "")
    .split(", ")
    .flatMap((name) => /^(?:DNS|IP Address):(.*)$/.exec(name)?.[1] ?? []);
  const { host = "" } = error;
  if (names.length === 0) return `certificate is not valid for any names, but wanted to match ${host}`;
  return `certificate is valid for ${names.join(", ")}, not ${host}`;
}

export function joinHostPort(host: string, port: number | string): string {
  return isIPv6(host) ? `[${host}]:${port}` : `${host}:${port}`;
}

export interface OnwardRequest {
  readonly method: string;
  /** Path and query. */
  readonly path: string;
  readonly headers: OutgoingHttpHeaders;
  readonly socket: Duplex;
  readonly body?: AsyncIterable<Buffer> | Buffer;
  readonly signal: AbortSignal;
}

/** Sends an HTTP/1.1 request on a connection of its own; gives its answer as it begins. Rejects when the connection breaks before. */
export function requestOn({ method, path, headers, socket, body, signal }: OnwardRequest): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const request = httpRequest({ method, path, headers, signal, createConnection: () => socket as never });
    request.once("error", reject);
    request.once("response", (response) => {
      response.once("close", () => socket.destroy());
      resolve(response);
    });
    // Nobody asked for another protocol, so nobody can speak it.
    request.once("upgrade", (_response, upgraded) => {
      upgraded.destroy();
      reject(errors.internalError(new Error("unexpected upgrade of the connection")));
    });
    if (body === undefined) request.end();
    else request.end(body);
  });
}
