import type { IncomingHttpHeaders } from "node:http";
import { constants, type Http2Session, type ServerHttp2Stream } from "node:http2";
import type { Duplex } from "node:stream";
import { Chunk } from "./chunk.ts";
import type { AnswerHeaders, AnswerStream, Exchange } from "./exchange.ts";
import { readAll } from "./read-body.ts";

/** One request over HTTP/2, on the stream itself: the compatibility layer would cost a third of a small request. */
export class Http2Exchange implements Exchange {
  common: Readonly<Record<string, string>> | undefined;
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  readonly connection: Duplex;
  readonly #stream: ServerHttp2Stream;
  readonly #rawHeaders: readonly string[];

  /** @param rawHeaders names and values in turn, as they were sent. */
  constructor(
    stream: ServerHttp2Stream,
    headers: IncomingHttpHeaders & Record<string, unknown>,
    session: Http2Session,
    rawHeaders: readonly string[],
  ) {
    this.method = typeof headers[":method"] === "string" ? headers[":method"] : "GET";
    this.url = typeof headers[":path"] === "string" ? headers[":path"] : "/";
    this.headers = headers;
    this.connection = session.socket;
    this.#stream = stream;
    this.#rawHeaders = rawHeaders;
    stream.on("error", ignore); // a client that resets its stream is seen by `onFinished`
  }

  headerValues(name: string): readonly string[] {
    return this.#rawHeaders.filter(
      (_, index) => index % 2 === 1 && this.#rawHeaders[index - 1]?.toLowerCase() === name,
    );
  }

  readBody(bytesMax: number): Promise<Buffer> {
    return readAll(this.#stream, bytesMax, this.headers["content-length"]);
  }

  send(code: number, headers: AnswerHeaders, body?: Buffer | string): void {
    const stream = this.#stream;
    if (this.finished) return;
    if (this.common !== undefined) Object.assign(headers, this.common);
    if (body === undefined || this.method === "HEAD") {
      stream.respond(answer(code, headers), { endStream: true });
    } else {
      headers["content-length"] = typeof body === "string" ? Buffer.byteLength(body) : body.length;
      stream.respond(answer(code, headers));
      stream.end(body);
    }
    // A client that is still sending is told to stop rather than read to its end.
    if (!stream.readableEnded && !stream.endAfterHeaders) stream.once("finish", () => refuseRest(stream));
  }

  open(code: number, headers: AnswerHeaders): AnswerStream {
    if (this.common !== undefined) Object.assign(headers, this.common);
    if (!this.finished) this.#stream.respond(answer(code, headers));
    return new Http2Stream(this.#stream);
  }

  abandon(): void {
    if (!this.#stream.destroyed) this.#stream.close(constants.NGHTTP2_INTERNAL_ERROR);
  }

  get finished(): boolean {
    return this.#stream.destroyed || this.#stream.closed || this.#stream.headersSent;
  }

  onFinished(listener: () => void): void {
    this.#stream.once("close", listener);
  }
}

function answer(code: number, headers: AnswerHeaders): AnswerHeaders {
  headers[":status"] = code;
  return headers;
}

function refuseRest(stream: ServerHttp2Stream): void {
  if (!stream.destroyed && !stream.readableEnded) stream.close(constants.NGHTTP2_NO_ERROR);
}

class Http2Stream implements AnswerStream {
  readonly #stream: ServerHttp2Stream;

  constructor(stream: ServerHttp2Stream) {
    this.#stream = stream;
  }

  write(chunk: Chunk | Buffer | string, onSent?: () => void): boolean {
    if (this.lost) return true;
    return this.#stream.write(chunk instanceof Chunk ? chunk.payload : chunk, onSent);
  }

  onDrain(listener: () => void): void {
    this.#stream.once("drain", listener);
  }

  get lost(): boolean {
    return this.#stream.destroyed || this.#stream.closed || this.#stream.writableEnded;
  }

  backlog(): number {
    return this.#stream.writableLength;
  }

  end(): void {
    if (!this.#stream.destroyed) this.#stream.end();
  }

  destroy(): void {
    if (!this.#stream.destroyed) this.#stream.close(constants.NGHTTP2_INTERNAL_ERROR);
  }
}

function ignore(): void {}
