import { Duplex } from "node:stream";
import type { SpdyHeaders } from "./header-block.ts";

/** What a stream asks of its connection. */
export interface StreamPort {
  send(streamId: number, bytes: Buffer, fin: boolean, done: (error?: Error | null) => void): void;
  reset(streamId: number): void;
  /** The reader is behind (or no longer): the connection stops reading meanwhile. */
  behind(stream: SpdyStream, isBehind: boolean): void;
  forget(streamId: number): void;
}

const readAheadBytes = 256 * 1024;

/** One stream of a SPDY connection. Ending it closes this direction; destroying it before both are closed resets it. */
export class SpdyStream extends Duplex {
  readonly id: number;
  readonly headers: SpdyHeaders;
  readonly #port: StreamPort;
  #remoteEnded = false;
  #localEnded = false;

  constructor(id: number, headers: SpdyHeaders, port: StreamPort) {
    super({ readableHighWaterMark: readAheadBytes, allowHalfOpen: true });
    this.id = id;
    this.headers = headers;
    this.#port = port;
    // Who lost interest in a stream has seen its end; a reset is no failure of the process.
    this.on("error", () => {});
  }

  /** Bytes from the other end. */
  received(bytes: Buffer, fin: boolean): void {
    if (this.destroyed || this.#remoteEnded) return;
    if (bytes.length > 0 && !this.push(bytes)) this.#port.behind(this, true);
    if (fin) this.#endRemote();
  }

  /** The other end gave the stream up: what came so far can still be read, nothing can be written. */
  resetByPeer(): void {
    this.#localEnded = true;
    if (!this.#remoteEnded) this.#endRemote();
    // Not at once: the reader still gets what came before.
    if (this.readableEnded || this.readableLength === 0) this.destroy();
    else this.once("end", () => this.destroy());
  }

  /** The connection is gone. */
  lost(): void {
    this.resetByPeer();
  }

  override _read(): void {
    this.#port.behind(this, false);
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    if (this.#localEnded) done(new Error("the stream was reset"));
    else this.#port.send(this.id, chunk, false, done);
  }

  override _final(done: (error?: Error | null) => void): void {
    if (this.#localEnded) {
      done();
      return;
    }
    this.#localEnded = true;
    this.#port.send(this.id, Buffer.alloc(0), true, () => done());
    this.#forgetIfClosed();
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.#port.behind(this, false);
    if (!this.#localEnded || !this.#remoteEnded) this.#port.reset(this.id);
    this.#port.forget(this.id);
    done(error);
  }

  #endRemote(): void {
    this.#remoteEnded = true;
    this.push(null);
    this.#forgetIfClosed();
  }

  #forgetIfClosed(): void {
    if (this.#localEnded && this.#remoteEnded) this.#port.forget(this.id);
  }
}
