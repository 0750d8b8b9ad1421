import type { IncomingHttpHeaders, IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import {
  type AcceptedWebSocket,
  acceptWebSocket,
  answerAndEnd,
  namedProtocols,
  UpgradeRefused,
} from "../../streams/index.ts";
import { Chunk } from "./chunk.ts";
import type { AnswerHeaders, AnswerStream, Exchange } from "./exchange.ts";

const newline = 0x0a;

/** The protocols of an answer that is no list of events: its bytes as they come, or for clients that only take text as base64. */
const byteProtocols = ["", "binary.k8s.io", "base64.binary.k8s.io"];

/** A watch or a log over WebSocket: events are messages, one each. A refusal is an ordinary HTTP answer. */
export class WebSocketExchange implements Exchange {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  readonly connection: Duplex;
  readonly #request: IncomingMessage;
  readonly #socket: Duplex;
  readonly #head: Buffer;
  readonly #hasEvents: boolean;
  #begun = false;

  /** @param hasEvents whether the answer is events rather than bytes. */
  constructor(request: IncomingMessage, socket: Duplex, head: Buffer, hasEvents: boolean) {
    this.method = request.method ?? "GET";
    this.url = request.url ?? "/";
    this.headers = request.headers;
    this.connection = request.socket;
    this.#request = request;
    this.#socket = socket;
    this.#head = head;
    this.#hasEvents = hasEvents;
  }

  headerValues(name: string): readonly string[] {
    return this.#request.headersDistinct[name] ?? [];
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
    const refuse = (error: unknown): undefined => {
      const refusal = error instanceof UpgradeRefused ? error : new UpgradeRefused(500, String(error));
      answerAndEnd(this.#socket, refusal.code, { "Content-Type": "text/plain" }, refusal.message);
    };
    const accepted = acceptWebSocket(this.#request, this.#socket, this.#head, this.#protocols());
    return new WebSocketStream(accepted.catch(refuse), this.#socket, this.#hasEvents);
  }

  #protocols(): readonly string[] {
    if (!this.#hasEvents) return byteProtocols;
    // A protocol that is named is repeated, as the original's library does.
    const named = namedProtocols(this.headers["sec-websocket-protocol"]);
    return named.length === 0 ? [""] : named;
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
  readonly #ready: Promise<AcceptedWebSocket | undefined>;
  readonly #hasEvents: boolean;
  #accepted: AcceptedWebSocket | undefined;

  constructor(ready: Promise<AcceptedWebSocket | undefined>, connection: Duplex, hasEvents: boolean) {
    this.#connection = connection;
    this.#hasEvents = hasEvents;
    this.#ready = ready.then((accepted) => {
      accepted?.socket.on("error", () => {}); // its close is what matters
      this.#accepted = accepted;
      return accepted;
    });
  }

  write(chunk: Chunk | Buffer | string, onSent?: () => void): boolean {
    const bytes = chunk instanceof Chunk ? chunk.payload : Buffer.from(chunk);
    this.#whenReady(({ socket, protocol }) => {
      if (this.#hasEvents) for (const { data, binary } of messagesOf(bytes)) socket.send(data, { binary });
      else if (protocol.startsWith("base64.")) socket.send(bytes.toString("base64"));
      else socket.send(bytes, { binary: true });
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
    return this.#accepted?.socket.bufferedAmount ?? 0;
  }

  end(): void {
    this.#whenReady(({ socket }) => socket.close(1000));
  }

  destroy(): void {
    this.#connection.destroy();
  }

  #whenReady(then: (accepted: AcceptedWebSocket) => void): void {
    if (this.#accepted !== undefined) then(this.#accepted);
    else void this.#ready.then((accepted) => accepted && then(accepted));
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
