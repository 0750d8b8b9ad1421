import { Duplex, Readable, Writable } from "node:stream";
import type { WebSocket } from "ws";

/** How one message names its channel and holds its bytes. */
interface Codec {
  decode(data: Buffer): { readonly channel: number; readonly bytes: Buffer } | undefined;
  encode(channel: number, bytes: Buffer): Buffer | string;
}

const binary: Codec = {
  decode: (data) => (data.length === 0 ? undefined : { channel: data.readUInt8(0), bytes: data.subarray(1) }),
  encode: (channel, bytes) => Buffer.concat([Buffer.from([channel]), bytes]),
};

const zero = 0x30;

/** The channel is a digit, what follows is base64: for clients that can only send text. */
const base64: Codec = {
  decode: (data) =>
    data.length === 0
      ? undefined
      : { channel: data.readUInt8(0) - zero, bytes: Buffer.from(data.subarray(1).toString("latin1"), "base64") },
  encode: (channel, bytes) => String.fromCharCode(zero + channel) + bytes.toString("base64"),
};

/** A message on this channel closes the channel that its one byte names; only version 5 has it. */
const closeChannel = 255;
const readAheadBytes = 256 * 1024;

/** Numbered streams over one WebSocket, as the protocols `channel.k8s.io` and its later versions have them. */
export class WebSocketChannels {
  /** Aborts when the client has gone. */
  readonly gone: AbortSignal;
  readonly #socket: WebSocket;
  readonly #codec: Codec;
  readonly #hasCloseSignal: boolean;
  readonly #readers = new Map<number, Readable>();
  readonly #behind = new Set<Readable>();
  readonly #ended = new Set<number>();

  constructor(socket: WebSocket, protocol: string) {
    this.#socket = socket;
    this.#codec = protocol.includes("base64") ? base64 : binary;
    this.#hasCloseSignal = protocol.startsWith("v5.");
    const gone = new AbortController();
    this.gone = gone.signal;
    socket.on("message", (data: Buffer) => this.#received(data));
    socket.on("error", () => {}); // its close is what matters
    socket.once("close", () => {
      gone.abort(new Error("the client has gone"));
      for (const channel of this.#readers.keys()) this.#end(channel);
    });
  }

  /** What the client sends on a channel. Only channels that are asked for before the first message are read. */
  reader(channel: number): Readable {
    const reader: Readable = new Readable({ highWaterMark: readAheadBytes, read: () => this.#wanted(reader) });
    this.#readers.set(channel, reader);
    return reader;
  }

  /** Sends on a channel. Its end is not told: the protocol has no word for it. */
  writer(channel: number): Writable {
    return new Writable({
      write: (chunk: Buffer, _encoding, done) => this.#send(channel, chunk, done),
    });
  }

  /** Both directions of a channel. */
  duplex(channel: number): Duplex {
    const duplex: Duplex = new Duplex({
      readableHighWaterMark: readAheadBytes,
      read: () => this.#wanted(duplex),
      write: (chunk: Buffer, _encoding, done) => this.#send(channel, chunk, done),
    });
    this.#readers.set(channel, duplex);
    return duplex;
  }

  send(channel: number, bytes: Buffer): void {
    this.#send(channel, bytes, () => {});
  }

  /** Ends the connection; resolves when the client has gone. */
  async close(): Promise<void> {
    for (const reader of this.#readers.values()) reader.resume();
    this.#socket.close(1000);
    if (this.gone.aborted) return;
    await new Promise<void>((resolve) => this.gone.addEventListener("abort", () => resolve(), { once: true }));
  }

  #wanted(reader: Readable): void {
    if (this.#behind.delete(reader) && this.#behind.size === 0) this.#socket.resume();
  }

  #send(channel: number, bytes: Buffer, done: (error?: Error | null) => void): void {
    if (this.#socket.readyState !== this.#socket.OPEN) {
      done(new Error("the client has gone"));
      return;
    }
    this.#socket.send(this.#codec.encode(channel, bytes), (error) => done(error));
  }

  #received(data: Buffer): void {
    const message = this.#codec.decode(data);
    if (message === undefined) return;
    const { channel, bytes } = message;
    if (this.#hasCloseSignal && channel === closeChannel) {
      if (bytes.length === 1) this.#end(bytes.readUInt8(0));
      return;
    }
    const reader = this.#readers.get(channel);
    if (reader === undefined || bytes.length === 0 || reader.destroyed || this.#ended.has(channel)) return;
    if (!reader.push(bytes)) {
      this.#behind.add(reader);
      this.#socket.pause();
    }
  }

  #end(channel: number): void {
    if (this.#ended.has(channel)) return;
    this.#ended.add(channel);
    this.#readers.get(channel)?.push(null);
  }
}
