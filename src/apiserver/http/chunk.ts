/** `ffffffff\r\n` before, `\r\n` behind. */
const roomBefore = 10;
const roomBehind = 2;

/**
 * A piece of an answer that has room around it for the frame of HTTP/1.1's chunked encoding: framed in place and once, it
 * goes to many connections in one write each, without being copied.
 */
export class Chunk {
  readonly #bytes: Buffer;
  #length: number;
  #framed: Buffer | undefined;

  constructor(capacity: number) {
    this.#bytes = Buffer.allocUnsafe(roomBefore + capacity + roomBehind);
    this.#length = 0;
  }

  static of(...parts: readonly Buffer[]): Chunk {
    let length = 0;
    for (const part of parts) length += part.length;
    const chunk = new Chunk(length);
    for (const part of parts) chunk.append(part, 0);
    return chunk;
  }

  get length(): number {
    return this.#length;
  }

  get room(): number {
    return this.#bytes.length - roomBefore - roomBehind - this.#length;
  }

  /** Takes what there is room for of the part's rest; tells how many bytes that was. */
  append(part: Uint8Array, from: number): number {
    const end = roomBefore + this.#length;
    const taken = Math.min(part.length - from, this.room);
    this.#bytes.set(from === 0 && taken === part.length ? part : part.subarray(from, from + taken), end);
    this.#length += taken;
    return taken;
  }

  clear(): void {
    this.#length = 0;
    this.#framed = undefined;
  }

  get payload(): Buffer {
    return this.#bytes.subarray(roomBefore, roomBefore + this.#length);
  }

  /** As one chunk of HTTP/1.1. */
  get framed(): Buffer {
    if (this.#framed === undefined) {
      const head = `${this.#length.toString(16)}\r\n`;
      const start = roomBefore - head.length;
      const end = roomBefore + this.#length;
      this.#bytes.write(head, start, "latin1");
      this.#bytes.write("\r\n", end, "latin1");
      this.#framed = this.#bytes.subarray(start, end + roomBehind);
    }
    return this.#framed;
  }
}

/** Lists leave in pieces of this size, so that a long one neither blocks nor lies in memory twice. */
const chunkBytes = 64 * 1024;
const sparesMax = 32;

/** Chunks for lists, used again and again: memory outside the heap that is always new makes V8 collect garbage all the time. */
export class ChunkPool {
  readonly #spares: Chunk[] = [];

  take(): Chunk {
    return this.#spares.pop() ?? new Chunk(chunkBytes);
  }

  give(chunk: Chunk): void {
    chunk.clear();
    if (this.#spares.length < sparesMax) this.#spares.push(chunk);
  }
}
