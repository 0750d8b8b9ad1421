import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from "node:http";
import type { Duplex } from "node:stream";
import { Chunk } from "./chunk.ts";
import type { AnswerHeaders, AnswerStream, Exchange } from "./exchange.ts";
import { readAll } from "./read-body.ts";

/** A longer rest of a refused body is not read: the connection ends with the answer. */
const unreadBytesMax = 256 * 1024;

/** One request over HTTP/1.1. */
export class Http1Exchange implements Exchange {
  common: Readonly<Record<string, string>> | undefined;
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  readonly connection: Duplex;
  readonly #request: IncomingMessage;
  readonly #response: ServerResponse;

  constructor(request: IncomingMessage, response: ServerResponse) {
    this.method = request.method ?? "GET";
    this.url = request.url ?? "/";
    this.headers = request.headers;
    this.connection = request.socket;
    this.#request = request;
    this.#response = response;
    response.on("error", ignore); // a client that goes away is seen by `onFinished`
  }

  headerValues(name: string): readonly string[] {
    return this.#request.headersDistinct[name] ?? [];
  }

  readBody(bytesMax: number): Promise<Buffer> {
    return readAll(this.#request, bytesMax, this.headers["content-length"]);
  }

  send(code: number, headers: AnswerHeaders, body?: Buffer | string): void {
    if (this.finished) return;
    if (body !== undefined)
      headers["content-length"] = typeof body === "string" ? Buffer.byteLength(body) : body.length;
    // Node reads the rest of a body that nobody wanted; that is only worth it when the rest is short.
    if (!this.#request.complete && this.#isLong()) headers.connection = "close";
    if (this.common !== undefined) Object.assign(headers, this.common);
    this.#response.writeHead(code, headers);
    this.#response.end(this.method === "HEAD" ? undefined : body);
  }

  #isLong(): boolean {
    const declared = this.headers["content-length"];
    return declared === undefined || Number(declared) > unreadBytesMax;
  }

  open(code: number, headers: AnswerHeaders): AnswerStream {
    if (this.common !== undefined) Object.assign(headers, this.common);
    this.#response.writeHead(code, headers);
    this.#response.flushHeaders();
    return new Http1Stream(this.#response, this.method !== "HEAD");
  }

  abandon(): void {
    this.#response.destroy();
  }

  get finished(): boolean {
    return this.#response.headersSent || this.#response.destroyed || this.connection.destroyed;
  }

  onFinished(listener: () => void): void {
    this.#response.once("close", listener);
  }
}

class Http1Stream implements AnswerStream {
  readonly #response: ServerResponse;
  readonly #hasBody: boolean;

  constructor(response: ServerResponse, hasBody: boolean) {
    this.#response = response;
    this.#hasBody = hasBody;
  }

  write(chunk: Chunk | Buffer | string, onSent?: () => void): boolean {
    if (this.lost) return true;
    if (!(chunk instanceof Chunk)) return this.#response.write(chunk, onSent);
    const socket = this.#framedSocket();
    return socket === undefined ? this.#response.write(chunk.payload, onSent) : socket.write(chunk.framed, onSent);
  }

  /**
   * The connection, when it is this answer's turn on it and the answer is in chunks: a chunk that is framed already is
   * written by itself, where the response would write three pieces, which TLS joins by copying.
   */
  #framedSocket(): Duplex | undefined {
    const { socket, chunkedEncoding, headersSent, writableLength } = this.#response;
    if (socket === null || !chunkedEncoding || !headersSent || !this.#hasBody) return undefined;
    // What the response holds itself, it has not been able to give to the socket yet.
    return writableLength > socket.writableLength ? undefined : socket;
  }

  onDrain(listener: () => void): void {
    const { socket } = this.#response;
    if (socket?.writableNeedDrain) socket.once("drain", listener);
    else this.#response.once("drain", listener);
  }

  get lost(): boolean {
    return this.#response.destroyed || this.#response.writableEnded;
  }

  backlog(): number {
    return this.#response.writableLength; // the connection's share is in it
  }

  end(): void {
    this.#response.end();
  }

  destroy(): void {
    this.#response.destroy();
  }
}

function ignore(): void {}
