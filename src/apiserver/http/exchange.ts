import type { IncomingHttpHeaders } from "node:http";
import type { Duplex } from "node:stream";
import type { Chunk } from "./chunk.ts";

/** Header names in lower case. */
export type AnswerHeaders = Record<string, string | number | string[]>;

/** A request and the way to answer it, the same over HTTP/1.1 and HTTP/2. Exactly one of `send` and `open` is called. */
export interface Exchange {
  readonly method: string;
  /** Path and query. */
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  /** The values of a header, by its name in lower case, each as it was sent. */
  headerValues(name: string): readonly string[];
  /** The connection: key of what is known about its client. */
  readonly connection: Duplex;
  /** The whole body. @throws ApiError 413 when it is larger than `bytesMax`, ConnectionLost when the client went away. */
  readBody(bytesMax: number): Promise<Buffer>;
  send(code: number, headers: AnswerHeaders, body?: Buffer | string): void;
  /** Begins an answer whose end is not known yet. */
  open(code: number, headers: AnswerHeaders): AnswerStream;
  /** Gives up on an answer that cannot be completed: the client sees that it is broken off. */
  abandon(): void;
  /** Whether the client has gone or the answer has begun: no other can be sent any more. */
  readonly finished: boolean;
  /** Go with the answer, whatever it is. */
  common?: Readonly<Record<string, string>> | undefined;
  /** Runs once: when the client goes away or the answer is complete. */
  onFinished(listener: () => void): void;
}

export interface AnswerStream {
  /**
   * False when the client reads more slowly than is written: wait for `onDrain`, or give up by `backlog`.
   * `onSent` runs when the chunk's bytes are no longer needed.
   */
  write(chunk: Chunk | Buffer | string, onSent?: () => void): boolean;
  /** Runs once when the backlog has been sent. */
  onDrain(listener: () => void): void;
  /** The client has gone: what is written goes nowhere. */
  readonly lost: boolean;
  /** Bytes that wait unsent in this process. */
  backlog(): number;
  end(): void;
  /** Breaks the answer off, so that the client sees that it is incomplete. */
  destroy(): void;
}

/** The client went away before its request was complete. Nobody is left to be answered. */
export class ConnectionLost extends Error {
  override readonly name = "ConnectionLost";
  constructor() {
    super("the client closed the connection before the request was complete");
  }
}
