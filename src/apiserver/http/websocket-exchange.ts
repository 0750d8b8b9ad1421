import type { IncomingHttpHeaders, IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import type { WebSocket } from "ws";
import { acceptWebSocket, answerAndEnd, namedProtocols, UpgradeRefused } from "../../streams/index.ts";
import { Chunk } from "./chunk.ts";
import type { AnswerHeaders, AnswerStream, Exchange } from "./exchange.ts";

const newline = 0x0a;

/** A watch over WebSocket: the answer's events are messages, one each. A refusal is an ordinary HTTP answer. */
export class WebSocketExchange implements Exchange {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  readonly connection: Duplex;
  readonly #request: IncomingMessage;
  readonly #socket: Duplex;
  readonly #head: Buffer;
  #begun = false;

  constructor(request: IncomingMessage, socket: Duplex, head: Buffer) {
    this.method = request.method ?? "GET";
    this.url = request.url ?? "/";
    this.headers = request.headers;
    this.connection = request.socket;
    this.#request = request;
    this.#socket = socket;
    this.#head = head;
  }

  async readBody(): Promise<Buffer> {
    return Buffer.alloc(0);
  }

  send(code: number, headers: AnswerHeaders, body: Buffer | string = ""): void {
    if (this.finished) return;
    this.#begun = true;
    answerAndEnd(this.#socket, code, headers, body);
  }

  open(): AnswerStream {
    this.#begun = true;
    // The only protocol that is named is repeated, as the original's library does.
    const named = namedProtocols(this.headers["sec-websocket-protocol"]);
    const accepted = acceptWebSocket(this.#request, this.#socket, this.#head, named.length === 0 ? [""] : named);
    return new WebSocketStream(
      accepted.then(
        ({ socket }) => socket,
        (error: unknown) => {
          const refusal = error instanceof UpgradeRefused ? error : new UpgradeRefused(500, String(error));
          answerAndEnd(this.#socket, refusal.code, { "Content-Type": "text/plain" }, refusal.message);
          return undefined;
        },
      ),
      this.#socket,
    );
  }

  abandon(): void {
    this.#socket.destroy();
  }

  get finished(): boolean {
    return this.#begun || this.#socket.destroyed;
  }

  onFinished(listener: () => void): void {
    this.#socket.once("close", listener);
  }
}

class WebSocketStream implements AnswerStream {
  readonly #connection: Duplex;
  readonly #ready: Promise<WebSocket | undefined>;
  #webSocket: WebSocket | undefined;

  constructor(ready: Promise<WebSocket | undefined>, connection: Duplex) {
    this.#connection = connection;
    this.#ready = ready.then((webSocket) => {
      webSocket?.on("error", () => {}); // its close is what matters
      this.#webSocket = webSocket;
      return webSocket;
    });
  }

  write(chunk: Chunk | Buffer | string, onSent?: () => void): boolean {
    const bytes = chunk instanceof Chunk ? chunk.payload : Buffer.from(chunk);
    this.#whenReady((webSocket) => {
      const messages = messagesOf(bytes);
      for (const { data, binary } of messages) webSocket.send(data, { binary });
      onSent?.();
    });
    return !this.#connection.writableNeedDrain;
  }

  onDrain(listener: () => void): void {
    this.#connection.once("drain", listener);
  }

  get lost(): boolean {
    return this.#connection.destroyed;
  }

  backlog(): number {
    return this.#webSocket?.bufferedAmount ?? 0;
  }

  end(): void {
    this.#whenReady((webSocket) => webSocket.close(1000));
  }

  destroy(): void {
    this.#connection.destroy();
  }

  #whenReady(then: (webSocket: WebSocket) => void): void {
    if (this.#webSocket !== undefined) then(this.#webSocket);
    else void this.#ready.then((webSocket) => webSocket && then(webSocket));
  }
}

interface Message {
  readonly data: Buffer;
  readonly binary: boolean;
}

/** Events may come joined: JSON ones end with a line end each, protobuf ones begin with their length. */
function* messagesOf(bytes: Buffer): Generator<Message> {
  const isJson = bytes[0] === 0x7b;
  for (let at = 0; at < bytes.length; ) {
    const start = isJson ? at : at + 4;
    const end = isJson ? endOfLine(bytes, at) : start + bytes.readUInt32BE(at);
    yield { data: bytes.subarray(start, end), binary: !isJson };
    at = end;
  }
}

function endOfLine(bytes: Buffer, from: number): number {
  const end = bytes.indexOf(newline, from);
  return end < 0 ? bytes.length : end + 1;
}
