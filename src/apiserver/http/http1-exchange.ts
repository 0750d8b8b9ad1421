import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from "node:http";
import type { Duplex } from "node:stream";
import type { AnswerHeaders, AnswerStream, Exchange } from "./exchange.ts";
import { readAll } from "./read-body.ts";

/** A longer rest of a refused body is not read: the connection ends with the answer. */
const unreadBytesMax = 256 * 1024;

/** One request over HTTP/1.1. */
export class Http1Exchange implements Exchange {
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

  readBody(bytesMax: number): Promise<Buffer> {
    return readAll(this.#request, bytesMax, this.headers["content-length"]);
  }

  send(code: number, headers: AnswerHeaders, body?: Buffer | string): void {
    if (this.finished) return;
    if (body !== undefined)
      headers["content-length"] = typeof body === "string" ? Buffer.byteLength(body) : body.length;
    // Node reads the rest of a body that nobody wanted; that is only worth it when the rest is short.
    if (!this.#request.complete && this.#isLong()) headers.connection = "close";
    this.#response.writeHead(code, headers);
    this.#response.end(this.method === "HEAD" ? undefined : body);
  }

  #isLong(): boolean {
    const declared = this.headers["content-length"];
    return declared === undefined || Number(declared) > unreadBytesMax;
  }

  open(code: number, headers: AnswerHeaders): AnswerStream {
    this.#response.writeHead(code, headers);
    this.#response.flushHeaders();
    return new Http1Stream(this.#response);
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

  constructor(response: ServerResponse) {
    this.#response = response;
  }

  write(chunk: Buffer | string): boolean {
    if (this.lost) return true;
    return this.#response.write(chunk);
  }

  onDrain(listener: () => void): void {
    this.#response.once("drain", listener);
  }

  get lost(): boolean {
    return this.#response.destroyed || this.#response.writableEnded;
  }

  backlog(): number {
    return this.#response.writableLength + (this.#response.socket?.writableLength ?? 0);
  }

  end(): void {
    this.#response.end();
  }

  destroy(): void {
    this.#response.destroy();
  }
}

function ignore(): void {}
