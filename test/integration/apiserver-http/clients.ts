import type { IncomingHttpHeaders } from "node:http";
import { type ClientHttp2Session, connect } from "node:http2";
import { Agent, request } from "node:https";
import type { TestServer } from "./test-server.ts";

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly bytes: Buffer;
  readonly text: string;
  /** The body as JSON; undefined when it is none. */
  // biome-ignore lint/suspicious/noExplicitAny: tests look at answers of every shape
  readonly body: any;
}

export interface CallOptions {
  readonly headers?: Record<string, string>;
  readonly body?: unknown;
  /** Default admin; null sends no certificate. */
  readonly as?: "admin" | "alice" | "stranger" | null;
}

export type Call = (method: string, path: string, options?: CallOptions) => Promise<Answer>;

function answerOf(status: number, headers: IncomingHttpHeaders, bytes: Buffer): Answer {
  const text = bytes.toString();
  let body: unknown;
  try {
    body = JSON.parse(text);
  } catch {
    body = undefined;
  }
  return { status, headers, bytes, text, body };
}

function bodyOf(options: CallOptions): Buffer | string | undefined {
  const { body } = options;
  if (body === undefined || typeof body === "string" || Buffer.isBuffer(body))
    return body as Buffer | string | undefined;
  return JSON.stringify(body);
}

function certificateOf(server: TestServer, options: CallOptions) {
  const as = options.as === undefined ? "admin" : options.as;
  return as === null ? {} : { cert: server.certificates[as].cert, key: server.certificates[as].key };
}

/** Sends requests over HTTP/1.1, each on a connection of its own. */
export function http1Client(server: TestServer): Call {
  return (method, path, options = {}) =>
    new Promise((resolve, reject) => {
      const body = bodyOf(options);
      const sent = request(
        {
          host: "127.0.0.1",
          port: server.listener.port,
          method,
          path,
          ca: server.certificates.ca,
          ...certificateOf(server, options),
          headers: {
            // Node sends the body of a DELETE without its length unless it is told.
            ...(body !== undefined && {
              "content-type": "application/json",
              "content-length": Buffer.byteLength(body),
            }),
            ...options.headers,
          },
          agent: new Agent(),
        },
        (response) => {
          const chunks: Buffer[] = [];
          response.on("data", (chunk: Buffer) => chunks.push(chunk));
          response.on("end", () =>
            resolve(answerOf(response.statusCode ?? 0, response.headers, Buffer.concat(chunks))),
          );
          response.on("error", reject);
        },
      );
      sent.on("error", reject);
      sent.end(body);
    });
}

/** Opens an HTTP/2 connection. */
export function http2Session(server: TestServer, options: CallOptions = {}): ClientHttp2Session {
  const session = connect(server.listener.url, { ca: server.certificates.ca, ...certificateOf(server, options) });
  session.on("error", () => {});
  return session;
}

/** Sends requests over HTTP/2, each on a connection of its own. */
export function http2Client(server: TestServer): Call {
  return (method, path, options = {}) =>
    new Promise((resolve, reject) => {
      const session = http2Session(server, options);
      const body = bodyOf(options);
      const headers = {
        ":method": method,
        ":path": path,
        ...(body !== undefined && { "content-type": "application/json" }),
        ...options.headers,
      };
      const stream = session.request(headers, { endStream: body === undefined });
      const chunks: Buffer[] = [];
      let status = 0;
      let answered: IncomingHttpHeaders = {};
      stream.on("response", (got) => {
        status = Number(got[":status"]);
        answered = got as IncomingHttpHeaders;
      });
      stream.on("data", (chunk: Buffer) => chunks.push(chunk));
      stream.on("end", () => {
        session.close();
        resolve(answerOf(status, answered, Buffer.concat(chunks)));
      });
      stream.on("error", reject);
      if (body !== undefined) stream.end(body);
    });
}
