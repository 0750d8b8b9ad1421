import type { IncomingHttpHeaders, IncomingMessage, ServerOptions, ServerResponse } from "node:http";
import {
  createSecureServer,
  type Http2SecureServer,
  type ServerHttp2Session,
  type ServerHttp2Stream,
} from "node:http2";
import type { AddressInfo, Socket } from "node:net";
import type { Duplex } from "node:stream";
import type { Logger } from "../../host/index.ts";
import type { Exchange } from "./exchange.ts";
import { Http1Exchange } from "./http1-exchange.ts";
import { Http2Exchange } from "./http2-exchange.ts";

export interface TlsFiles {
  /** PEM. */
  readonly cert: string;
  readonly key: string;
  /** Authorities whose client certificates say who the client is. */
  readonly clientCa?: string;
}

export interface ListenOptions {
  /** 0 takes a free port. */
  readonly port: number;
  readonly bindAddress: string;
  readonly tls: TlsFiles;
  readonly log: Logger;
  onExchange(exchange: Exchange): void;
  /** Takes over the connection of an HTTP/1.1 request that asks for another protocol. Without it such requests are ordinary ones. */
  onUpgrade?(request: IncomingMessage, socket: Duplex, head: Buffer): void;
}

export interface Listener {
  readonly port: number;
  readonly url: string;
  /** Takes no new connections. */
  stop(): void;
  /** Ends idle connections now and the others when their last request is answered; resolves when none is left. */
  drain(): Promise<void>;
  /** Breaks off whatever is left. */
  destroy(): void;
}

/** The address cannot be listened on; the message says which and why. */
export class ListenError extends Error {
  override readonly name = "ListenError";
}

const listenProblems: Readonly<Record<string, string>> = {
  EADDRINUSE: "the address is already in use",
  EACCES: "permission denied",
  EADDRNOTAVAIL: "no interface of this machine has the address",
};

function listenError({ bindAddress, port }: ListenOptions, cause: NodeJS.ErrnoException): ListenError {
  const why = listenProblems[cause.code ?? ""] ?? cause.message;
  return new ListenError(`cannot listen on ${bindAddress}:${port}: ${why}`, { cause });
}

/** What the original's HTTP/2 server grants a client: enough for its watches, too few to be flooded through one connection. */
const streamsPerConnectionMax = 250;
/** Clients keep connections for later; one that is closed under them costs them a failed request. */
const idleConnectionMs = 90_000;
const receiveWindowBytes = 256 * 1024;
/** The original's limit to a request's first line and headers (Go's DefaultMaxHeaderBytes). */
const headerBytesMax = 1024 * 1024;

/** Read by the HTTP/1.1 side; declared for plain HTTP servers only. */
const ofHttp1: ServerOptions = { maxHeaderSize: headerBytesMax, keepAliveTimeout: idleConnectionMs };

/** Starts an HTTPS server that speaks HTTP/1.1 and HTTP/2. Rejects with a ListenError when the address cannot be taken. */
export async function listen(options: ListenOptions): Promise<Listener> {
  const { cert, key, clientCa } = options.tls;
  const server = createSecureServer({
    cert,
    key,
    ca: clientCa,
    requestCert: clientCa !== undefined,
    // Who has no certificate may have a token: authentication decides, not the handshake.
    rejectUnauthorized: false,
    allowHTTP1: true,
    minVersion: "TLSv1.2",
    ...ofHttp1,
    settings: { maxConcurrentStreams: streamsPerConnectionMax, initialWindowSize: receiveWindowBytes },
  });
  const connections = new Connections(server);
  serve(server, options);
  await new Promise<void>((resolve, reject) => {
    const refuse = (error: Error): void => reject(listenError(options, error));
    server.once("error", refuse);
    server.listen(options.port, options.bindAddress, () => {
      server.off("error", refuse);
      resolve();
    });
  });
  server.on("error", (error) => options.log.error("listener failed", { error: error.message }));
  const { port } = server.address() as AddressInfo;
  return {
    port,
    url: `https://${urlHost(options.bindAddress)}:${port}`,
    stop: () => void server.close(),
    drain: () => connections.drain(),
    destroy: () => connections.destroy(),
  };
}

function urlHost(bindAddress: string): string {
  if (bindAddress === "0.0.0.0" || bindAddress === "::") return "127.0.0.1";
  return bindAddress.includes(":") ? `[${bindAddress}]` : bindAddress;
}

function serve(server: Http2SecureServer, options: ListenOptions): void {
  const { log, onExchange, onUpgrade } = options;
  server.on("request", (request, response) => {
    // Only HTTP/1.1 arrives here: see below.
    const answer = response as unknown as ServerResponse;
    const begin = (): void => onExchange(new Http1Exchange(request as unknown as IncomingMessage, answer));
    // Who sends requests without waiting for answers gets them one after the other: those behind would wait in memory.
    if (answer.socket === null) answer.once("socket", begin);
    else begin();
  });
  // A `request` listener makes Node wrap every HTTP/2 stream for compatibility; we serve streams themselves.
  server.removeAllListeners("stream");
  server.on("stream", (stream: ServerHttp2Stream, headers, _flags, rawHeaders) => {
    const { session } = stream;
    if (session === undefined || session.destroyed) return;
    onExchange(new Http2Exchange(stream, headers as IncomingHttpHeaders, session, rawHeaders));
  });
  if (onUpgrade !== undefined) {
    server.on("upgrade", (request: IncomingMessage, socket: Duplex, head: Buffer) => {
      socket.on("error", ignore);
      onUpgrade(request, socket, head);
    });
  }
  const broken = new BrokenRequests();
  server.on("clientError", (error: NodeJS.ErrnoException, socket: Socket) => {
    log.debug("broken request", { error: error.message });
    broken.answer(error, socket);
  });
  server.on("tlsClientError", (error, socket) => {
    log.debug("TLS handshake error", { error: error.message });
    socket.destroy();
  });
  server.on("sessionError", (error) => log.debug("HTTP/2 session error", { error: error.message }));
}

/** Answers what is no HTTP/1.1 request, and reads the rest of it: a connection closed over unread bytes loses the answer. */
class BrokenRequests {
  /** The chunks that arrived after the answer. */
  readonly #afterwards = new WeakMap<Socket, number>();

  answer(error: NodeJS.ErrnoException, socket: Socket): void {
    const chunks = this.#afterwards.get(socket);
    if (chunks !== undefined) {
      if (chunks === chunksAfterAnswerMax) socket.destroy();
      else this.#afterwards.set(socket, chunks + 1);
      return;
    }
    if (!socket.writable || error.code === "ECONNRESET") {
      socket.destroy();
      return;
    }
    this.#afterwards.set(socket, 0);
    socket.end(
      plainAnswer(error.code === "HPE_HEADER_OVERFLOW" ? "431 Request Header Fields Too Large" : "400 Bad Request"),
    );
    socket.setTimeout(silenceAfterAnswerMs, () => socket.destroy());
  }
}

/** A chunk has up to 64 KiB. */
const chunksAfterAnswerMax = 256;
const silenceAfterAnswerMs = 500;

function plainAnswer(status: string): string {
  return `HTTP/1.1 ${status}\r\nContent-Type: text/plain; charset=utf-8\r\nConnection: close\r\n\r\n${status}`;
}

/** The open connections of a server, so that a shutdown can end them in order. */
class Connections {
  readonly #sockets = new Set<Socket>();
  readonly #sessions = new Set<ServerHttp2Session>();
  readonly #server: Http2SecureServer;
  #drained: (() => void) | undefined;

  constructor(server: Http2SecureServer) {
    this.#server = server;
    server.on("connection", (socket: Socket) => {
      socket.setNoDelay(true);
      socket.on("error", ignore); // its end is what matters
      this.#sockets.add(socket);
      socket.once("close", () => {
        this.#sockets.delete(socket);
        if (this.#sockets.size === 0) this.#drained?.();
      });
    });
    server.on("secureConnection", (socket: Socket) => socket.on("error", ignore));
    server.on("session", (session: ServerHttp2Session) => {
      session.on("error", ignore);
      this.#sessions.add(session);
      session.once("close", () => this.#sessions.delete(session));
    });
  }

  drain(): Promise<void> {
    for (const session of this.#sessions) session.close();
    // HTTP/1.1 connections between two requests; Node's HTTP/2 server inherits the method without declaring it.
    (this.#server as unknown as { closeIdleConnections?(): void }).closeIdleConnections?.();
    if (this.#sockets.size === 0) return Promise.resolve();
    return new Promise((resolve) => {
      this.#drained = resolve;
    });
  }

  destroy(): void {
    for (const session of this.#sessions) session.destroy();
    for (const socket of this.#sockets) socket.destroy();
  }
}

function ignore(): void {}
