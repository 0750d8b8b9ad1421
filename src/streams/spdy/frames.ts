import { SpdyError } from "./header-block.ts";

/** Types of control frames of SPDY/3.1. */
export const frameType = {
  synStream: 1,
  synReply: 2,
  rstStream: 3,
  settings: 4,
  ping: 6,
  goAway: 7,
  headers: 8,
  windowUpdate: 9,
} as const;

/** Why a stream is reset. */
export const resetStatus = { protocolError: 1, refusedStream: 3, cancel: 5 } as const;

export const flagFin = 0x01;

const version = 3;
const headerBytes = 8;
/** Control frames are short: headers, ids. */
const controlFrameBytesMax = 64 * 1024;

export interface ControlFrame {
  readonly type: number;
  readonly flags: number;
  readonly payload: Buffer;
}

export interface FrameSink {
  control(frame: ControlFrame): void;
  /** A piece of a data frame; `last` with its last piece when the frame ends its stream. */
  data(streamId: number, bytes: Buffer, last: boolean): void;
}

/** Cuts a connection's bytes into frames. Data is handed on as it comes, control frames when they are complete. */
export class FrameReader {
  readonly #sink: FrameSink;
  #rest: Buffer = Buffer.alloc(0);
  #data: { readonly streamId: number; readonly fin: boolean; left: number } | undefined;

  constructor(sink: FrameSink) {
    this.#sink = sink;
  }

  /** @throws SpdyError */
  push(chunk: Buffer): void {
    this.#rest = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    while (this.#data === undefined ? this.#readFrame() : this.#readData(this.#data));
  }

  #readData(data: { readonly streamId: number; readonly fin: boolean; left: number }): boolean {
    if (this.#rest.length === 0 && data.left > 0) return false;
    const bytes = this.#take(Math.min(data.left, this.#rest.length));
    data.left -= bytes.length;
    if (data.left === 0) this.#data = undefined;
    this.#sink.data(data.streamId, bytes, data.left === 0 && data.fin);
    return true;
  }

  #readFrame(): boolean {
    if (this.#rest.length < headerBytes) return false;
    const first = this.#rest.readUInt32BE(0);
    const second = this.#rest.readUInt32BE(4);
    const flags = second >>> 24;
    const length = second & 0xffffff;
    if (first >>> 31 === 0) {
      this.#take(headerBytes);
      this.#data = { streamId: first, fin: (flags & flagFin) !== 0, left: length };
      return true;
    }
    const spoken = (first >>> 16) & 0x7fff;
    if (spoken !== version) throw new SpdyError(`SPDY version ${spoken} is not spoken`);
    if (length > controlFrameBytesMax) throw new SpdyError(`a control frame of ${length} bytes is too long`);
    if (this.#rest.length < headerBytes + length) return false;
    const frame = this.#take(headerBytes + length);
    this.#sink.control({ type: first & 0xffff, flags, payload: frame.subarray(headerBytes) });
    return true;
  }

  #take(bytes: number): Buffer {
    const taken = this.#rest.subarray(0, bytes);
    this.#rest = this.#rest.subarray(bytes);
    return taken;
  }
}

export function controlFrame(type: number, flags: number, ...payload: readonly Buffer[]): Buffer {
  const length = payload.reduce((sum, part) => sum + part.length, 0);
  const header = Buffer.alloc(headerBytes);
  header.writeUInt16BE(0x8000 | version, 0);
  header.writeUInt16BE(type, 2);
  header.writeUInt32BE(((flags << 24) | length) >>> 0, 4);
  return Buffer.concat([header, ...payload]);
}

/** The head of a data frame; its bytes follow. */
export function dataHeader(streamId: number, length: number, flags = 0): Buffer {
  const header = Buffer.alloc(headerBytes);
  header.writeUInt32BE(streamId, 0);
  header.writeUInt32BE(((flags << 24) | length) >>> 0, 4);
  return header;
}

export function numbers(...values: readonly number[]): Buffer {
  const bytes = Buffer.alloc(values.length * 4);
  values.forEach((value, i) => {
    bytes.writeUInt32BE(value, i * 4);
  });
  return bytes;
}

/** @throws SpdyError when the frame is shorter than its kind is. */
export function numberAt(payload: Buffer, index: number): number {
  if (payload.length < (index + 1) * 4) throw new SpdyError("a frame is too short");
  return payload.readUInt32BE(index * 4);
}
