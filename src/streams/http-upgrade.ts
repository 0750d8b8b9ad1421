import type { IncomingHttpHeaders, IncomingMessage, OutgoingHttpHeaders } from "node:http";
import { request as httpRequest, STATUS_CODES } from "node:http";
import type { Duplex } from "node:stream";

/** An upgrade is refused with this answer. */
export class UpgradeRefused extends Error {
  override readonly name = "UpgradeRefused";
  readonly code: number;
  readonly headers: OutgoingHttpHeaders;

  constructor(code: number, message: string, headers: OutgoingHttpHeaders = {}) {
    super(message);
    this.code = code;
    this.headers = headers;
  }
}

export const spdyProtocol = "SPDY/3.1";
export const streamProtocolHeader = "x-stream-protocol-version";

export function asksForUpgrade(headers: IncomingHttpHeaders, protocol: "SPDY/3.1" | "websocket"): boolean {
  const connection = (headers.connection ?? "").toLowerCase();
  return connection.includes("upgrade") && (headers.upgrade ?? "").toLowerCase() === protocol.toLowerCase();
}

/** The protocols that a client names in a header, in its order. */
export function namedProtocols(header: string | readonly string[] | undefined): string[] {
  const text = typeof header === "string" ? header : (header ?? []).join(",");
  return text
    .split(",")
    .map((name) => name.trim())
    .filter((name) => name !== "");
}

/**
 * Agrees on a protocol and switches the connection to SPDY. Gives the protocol: empty when the client named none.
 * @throws UpgradeRefused
 */
export function acceptSpdy(headers: IncomingHttpHeaders, socket: Duplex, supported: readonly string[]): string {
  if (!asksForUpgrade(headers, spdyProtocol)) {
    throw new UpgradeRefused(400, "unable to upgrade: missing upgrade headers in request");
  }
  const named = namedProtocols(headers[streamProtocolHeader]);
  const chosen = named.find((name) => supported.includes(name));
  if (named.length > 0 && chosen === undefined) {
    throw new UpgradeRefused(
      403,
      `unable to upgrade: unable to negotiate protocol: client supports [${named.join(" ")}], server accepts [${supported.join(" ")}]`,
      { "X-Accepted-Stream-Protocol-Versions": [...supported] },
    );
  }
  const answer: OutgoingHttpHeaders = { Connection: "Upgrade", Upgrade: spdyProtocol };
  if (chosen !== undefined) answer["X-Stream-Protocol-Version"] = chosen;
  socket.write(responseHead(101, answer));
  return chosen ?? "";
}

/** Answers an upgrade request as an ordinary one, and ends its connection. */
export function answerAndEnd(socket: Duplex, code: number, headers: OutgoingHttpHeaders, body: string | Buffer): void {
  if (!socket.writable) return;
  const all = { ...headers, "Content-Length": Buffer.byteLength(body), Connection: "close" };
  socket.write(responseHead(code, all));
  socket.end(body);
}

export function responseHead(code: number, headers: OutgoingHttpHeaders): string {
  const lines = Object.entries(headers).flatMap(([name, value]) =>
    (Array.isArray(value) ? value : [value]).map((one) => `${name}: ${one}`),
  );
  return `HTTP/1.1 ${code} ${STATUS_CODES[code] ?? ""}\r\n${lines.join("\r\n")}\r\n\r\n`;
}

export interface UpgradeRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: OutgoingHttpHeaders;
  /** The connection that it is sent on. */
  readonly socket: Duplex;
  readonly signal?: AbortSignal;
}

export type UpgradeAnswer =
  | { readonly kind: "upgraded"; readonly headers: IncomingHttpHeaders; readonly socket: Duplex; readonly head: Buffer }
  /** The other end answered something else. */
  | { readonly kind: "response"; readonly response: IncomingMessage };

/** Asks for an upgrade on a connection. Rejects when the connection breaks before the answer. */
export function requestUpgrade({ method, path, headers, socket, signal }: UpgradeRequest): Promise<UpgradeAnswer> {
  return new Promise((resolve, reject) => {
    const request = httpRequest({ method, path, headers, signal, createConnection: () => socket as never });
    request.once("error", reject);
    request.once("upgrade", (response, upgraded, head) =>
      resolve({ kind: "upgraded", headers: response.headers, socket: upgraded, head }),
    );
    request.once("response", (response) => resolve({ kind: "response", response }));
    request.end();
  });
}

/**
 * Passes bytes between two connections until one of them ends, then ends the other. What one end gave at once the other
 * gets at once, and by itself: over TLS each in a record of its own. Clients that wait for their socket to be readable
 * and then read one message never see a second one in the same record.
 */
export function joinConnections(a: Duplex, aHead: Buffer, b: Duplex, bHead: Buffer): void {
  passOn(a, aHead, b);
  passOn(b, bHead, a);
}

function passOn(from: Duplex, head: Buffer, to: Duplex): void {
  const send = (chunk: Buffer): void => {
    from.pause();
    to.write(chunk, (error) => {
      if (error) from.destroy();
      else from.resume();
    });
  };
  from.on("data", send);
  if (head.length > 0) send(head);
  // With its head it may have said all that it had to say.
  if (from.readableEnded) to.end();
  else from.once("end", () => to.end());
  from.on("error", () => to.destroy());
  from.once("close", () => {
    // What was read of a connection that ended well is still on its way out.
    if (!from.readableEnded || to.writableFinished) to.destroy();
    else to.once("finish", () => to.destroy());
  });
}
