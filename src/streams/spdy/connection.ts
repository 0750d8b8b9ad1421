import type { Duplex } from "node:stream";
import {
  type ControlFrame,
  controlFrame,
  dataHeader,
  FrameReader,
  flagFin,
  frameType,
  numberAt,
  numbers,
  resetStatus,
} from "./frames.ts";
import { HeaderPacker, HeaderUnpacker, SpdyError, type SpdyHeaders } from "./header-block.ts";
import { SpdyStream, type StreamPort } from "./stream.ts";

export interface SpdyOptions {
  readonly role: "client" | "server";
  /** A stream that the other end opened. Without it such streams are refused. */
  onStream?(stream: SpdyStream): void;
}

/** Streams that one connection may have open at a time. */
const streamsMax = 10_000;
/** Answers to the other end's frames that it has not taken yet; who sends pings without reading is cut off. */
const unsentAnswerBytesMax = 1024 * 1024;
const goAwayOk = 0;
const goAwayProtocolError = 1;

/**
 * SPDY/3.1 over a connection that both ends have upgraded. As the original's library, it neither counts nor waits for
 * windows of streams: a reader that falls behind stops the whole connection.
 */
export class SpdyConnection {
  /** Resolves when the connection is gone. */
  readonly closed: Promise<void>;
  readonly #socket: Duplex;
  readonly #options: SpdyOptions;
  readonly #packer = new HeaderPacker();
  readonly #unpacker = new HeaderUnpacker();
  readonly #streams = new Map<number, SpdyStream>();
  readonly #behind = new Set<SpdyStream>();
  readonly #port: StreamPort;
  #nextId: number;
  #lastPeerId = 0;
  #goneAway = false;
  #pings = new Map<number, () => void>();
  #nextPingId: number;
  #drained: (() => void) | undefined;
  #unsentBytes = 0;

  /** @param head what was read of the connection already. */
  constructor(socket: Duplex, options: SpdyOptions, head: Buffer = Buffer.alloc(0)) {
    this.#socket = socket;
    this.#options = options;
    this.#nextId = options.role === "client" ? 1 : 2;
    this.#nextPingId = this.#nextId;
    this.#port = {
      send: (id, bytes, fin, done) => this.#sendData(id, bytes, fin, done),
      reset: (id) => this.#send(controlFrame(frameType.rstStream, 0, numbers(id, resetStatus.cancel))),
      behind: (stream, isBehind) => this.#setBehind(stream, isBehind),
      forget: (id) => this.#forget(id),
    };
    const reader = new FrameReader({
      control: (frame) => this.#control(frame),
      data: (id, bytes, last) => this.#data(id, bytes, last),
    });
    this.closed = new Promise((resolve) => {
      socket.once("close", () => {
        this.#lose();
        resolve();
      });
    });
    socket.on("error", () => {}); // its close is what matters
    socket.on("end", () => this.destroy());
    socket.on("data", (chunk: Buffer) => this.#read(reader, chunk));
    if (head.length > 0) this.#read(reader, head);
  }

  /** Opens a stream; the other end may still refuse it by a reset. @throws SpdyError when the other end takes no more. */
  open(headers: SpdyHeaders): SpdyStream {
    if (this.#goneAway || this.#socket.destroyed) throw new SpdyError("the connection takes no more streams");
    const id = this.#nextId;
    this.#nextId += 2;
    const stream = new SpdyStream(id, headers, this.#port);
    this.#streams.set(id, stream);
    // Priority and slot are zero; nothing is associated.
    const ids = Buffer.concat([numbers(id, 0), Buffer.alloc(2)]);
    this.#send(controlFrame(frameType.synStream, 0, ids, this.#packer.pack(headers)));
    return stream;
  }

  /** Resolves when the other end has answered, that is when it has read all that was sent before. */
  ping(): Promise<void> {
    const id = this.#nextPingId;
    this.#nextPingId += 2;
    this.#send(controlFrame(frameType.ping, 0, numbers(id)));
    return new Promise((resolve) => this.#pings.set(id, resolve));
  }

  /** Opens and takes no more streams; resolves when those that are open have ended, and then ends the connection. */
  async close(): Promise<void> {
    this.#goAway(goAwayOk);
    if (this.#streams.size > 0) {
      await Promise.race([
        this.closed,
        new Promise<void>((resolve) => {
          this.#drained = resolve;
        }),
      ]);
    }
    this.end();
  }

  /** Ends the connection, whatever is open, when what was written is sent. */
  end(): void {
    this.#socket.end();
    // Nothing more is read: the other end need not say that it is done.
    if (this.#socket.writableFinished) this.#socket.destroy();
    else this.#socket.once("finish", () => this.#socket.destroy());
  }

  destroy(): void {
    this.#socket.destroy();
  }

  #goAway(status: number): void {
    if (this.#goneAway) return;
    this.#goneAway = true;
    this.#send(controlFrame(frameType.goAway, 0, numbers(this.#lastPeerId, status)));
  }

  #read(reader: FrameReader, chunk: Buffer): void {
    try {
      reader.push(chunk);
    } catch (error) {
      if (!(error instanceof SpdyError)) throw error;
      this.#goAway(goAwayProtocolError);
      this.end();
    }
  }

  #control({ type, flags, payload }: ControlFrame): void {
    const isLast = (flags & flagFin) !== 0;
    switch (type) {
      case frameType.synStream:
        this.#opened(payload, isLast);
        break;
      case frameType.synReply:
      case frameType.headers:
        // What they say matters to nobody, but the compression goes on from it.
        this.#unpacker.unpack(payload.subarray(4));
        if (isLast) this.#streams.get(numberAt(payload, 0))?.received(Buffer.alloc(0), true);
        break;
      case frameType.rstStream:
        this.#streams.get(numberAt(payload, 0))?.resetByPeer();
        break;
      case frameType.ping:
        this.#pinged(numberAt(payload, 0), payload);
        break;
      case frameType.goAway:
        this.#goneAway = true;
        break;
      default:
        // Settings and window updates: see the class comment. Others are to be ignored.
        break;
    }
  }

  #opened(payload: Buffer, isLast: boolean): void {
    const id = numberAt(payload, 0);
    const headers = this.#unpacker.unpack(payload.subarray(10));
    const isOurs = id % 2 === this.#nextId % 2;
    if (isOurs || id <= this.#lastPeerId) {
      this.#send(controlFrame(frameType.rstStream, 0, numbers(id, resetStatus.protocolError)));
      return;
    }
    this.#lastPeerId = id;
    if (this.#goneAway || this.#options.onStream === undefined || this.#streams.size >= streamsMax) {
      this.#send(controlFrame(frameType.rstStream, 0, numbers(id, resetStatus.refusedStream)));
      return;
    }
    const stream = new SpdyStream(id, headers, this.#port);
    this.#streams.set(id, stream);
    this.#send(controlFrame(frameType.synReply, 0, numbers(id), this.#packer.pack({})));
    if (isLast) stream.received(Buffer.alloc(0), true);
    this.#options.onStream(stream);
  }

  #pinged(id: number, payload: Buffer): void {
    if (id % 2 !== this.#nextPingId % 2) {
      this.#send(controlFrame(frameType.ping, 0, payload.subarray(0, 4)));
      return;
    }
    this.#pings.get(id)?.();
    this.#pings.delete(id);
  }

  #data(id: number, bytes: Buffer, last: boolean): void {
    // A stream that ended here: the rest of it is of no interest.
    this.#streams.get(id)?.received(bytes, last);
  }

  #sendData(id: number, bytes: Buffer, fin: boolean, done: (error?: Error | null) => void): void {
    const header = dataHeader(id, bytes.length, fin ? flagFin : 0);
    if (this.#socket.destroyed || this.#socket.writableEnded) {
      done(new SpdyError("the connection is closed"));
      return;
    }
    if (bytes.length === 0) {
      this.#socket.write(header, done);
      return;
    }
    this.#socket.cork();
    this.#socket.write(header);
    this.#socket.write(bytes, done);
    this.#socket.uncork();
  }

  #send(frame: Buffer): void {
    if (this.#socket.destroyed || this.#socket.writableEnded) return;
    this.#unsentBytes += frame.length;
    this.#socket.write(frame, () => {
      this.#unsentBytes -= frame.length;
    });
    if (this.#unsentBytes > unsentAnswerBytesMax) this.destroy();
  }

  #setBehind(stream: SpdyStream, isBehind: boolean): void {
    if (isBehind) {
      this.#behind.add(stream);
      this.#socket.pause();
    } else if (this.#behind.delete(stream) && this.#behind.size === 0) this.#socket.resume();
  }

  #forget(id: number): void {
    this.#streams.delete(id);
    if (this.#streams.size === 0) this.#drained?.();
  }

  #lose(): void {
    this.#goneAway = true;
    for (const stream of [...this.#streams.values()]) stream.lost();
    for (const resolve of this.#pings.values()) resolve();
    this.#pings.clear();
  }
}
