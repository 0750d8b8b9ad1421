import { Readable } from "node:stream";
import { createGzip, gzip, constants as zlib } from "node:zlib";
import { type Chunk, ChunkPool } from "./chunk.ts";
import type { AnswerHeaders, AnswerStream, Exchange } from "./exchange.ts";

/** What is sent; YAML comes later, since its library is only loaded when somebody asks for it. */
export type Body = Buffer | string | Promise<string>;
export type Piece = Uint8Array | string;

/** Answers over this size are compressed for clients that take gzip, at the fastest level, as the original does. */
const gzipThresholdBytes = 128 * 1024;
/** Long enough to be compressed, and to be streamed, is what exceeds two chunks. */
const wholeChunksMax = 2;
const pool = new ChunkPool();

export function sendBytes(exchange: Exchange, code: number, headers: AnswerHeaders, body: Body): void | Promise<void> {
  if (body instanceof Promise) return body.then((text) => sendBytes(exchange, code, headers, text));
  if (body.length <= gzipThresholdBytes || !takesGzip(exchange)) {
    exchange.send(code, headers, body);
    return;
  }
  gzip(body, { level: zlib.Z_BEST_SPEED }, (error, compressed) => {
    if (error !== null) exchange.send(code, headers, body);
    else {
      markGzip(headers);
      exchange.send(code, headers, compressed);
    }
  });
}

/** Pieces that are quickly made: short answers go as one, longer ones are streamed as fast as the client reads. */
export function sendPieces(exchange: Exchange, headers: AnswerHeaders, pieces: Iterable<Piece>): void {
  const source = chunks(pieces);
  const begin: Chunk[] = [];
  for (let next = source.next(); !next.done; next = source.next()) {
    begin.push(next.value);
    if (begin.length > wholeChunksMax) break;
  }
  if (begin.length <= wholeChunksMax) return void sendBytes(exchange, 200, headers, whole(begin));
  if (takesGzip(exchange)) openCompressed(exchange, headers, prepend(begin, source));
  else stream(exchange.open(200, headers), prepend(begin, source));
}

/**
 * As sendPieces, for pieces that take time to make. Resolves when the answer has begun; fails only before that.
 */
export async function sendSlowPieces(
  exchange: Exchange,
  headers: AnswerHeaders,
  pieces: AsyncIterable<Piece>,
): Promise<void> {
  const source = slowChunks(pieces);
  const begin: Chunk[] = [];
  for (let next = await source.next(); !next.done; next = await source.next()) {
    begin.push(next.value);
    if (begin.length > wholeChunksMax) break;
  }
  if (exchange.finished) return; // nobody waits for it any more
  if (begin.length <= wholeChunksMax) return void sendBytes(exchange, 200, headers, whole(begin));
  if (takesGzip(exchange)) openCompressed(exchange, headers, prependSlow(begin, source));
  else void streamSlowly(exchange, exchange.open(200, headers), prependSlow(begin, source));
}

/** Fills chunks with pieces. */
class Packer {
  #chunk = pool.take();

  /** The chunks that became full. */
  *add(piece: Piece): Generator<Chunk> {
    const bytes = typeof piece === "string" ? Buffer.from(piece) : piece;
    for (let from = 0; ; ) {
      from += this.#chunk.append(bytes, from);
      if (from === bytes.length) return;
      yield this.#chunk;
      this.#chunk = pool.take();
    }
  }

  *rest(): Generator<Chunk> {
    if (this.#chunk.length > 0) yield this.#chunk;
    else pool.give(this.#chunk);
  }
}

function* chunks(pieces: Iterable<Piece>): Generator<Chunk> {
  const packer = new Packer();
  for (const piece of pieces) yield* packer.add(piece);
  yield* packer.rest();
}

async function* slowChunks(pieces: AsyncIterable<Piece>): AsyncGenerator<Chunk> {
  const packer = new Packer();
  for await (const piece of pieces) yield* packer.add(piece);
  yield* packer.rest();
}

function whole(begin: readonly Chunk[]): Buffer {
  const [first, ...others] = begin.map(detached);
  return others.length === 0 && first !== undefined
    ? first
    : Buffer.concat(first === undefined ? [] : [first, ...others]);
}

/** The chunk's bytes for themselves; it goes back to the pool. */
function detached(chunk: Chunk): Buffer {
  const bytes = Buffer.from(chunk.payload);
  pool.give(chunk);
  return bytes;
}

function takesGzip(exchange: Exchange): boolean {
  const accepted = exchange.headers["accept-encoding"];
  return typeof accepted === "string" && accepted.includes("gzip");
}

function markGzip(headers: AnswerHeaders): void {
  headers["content-encoding"] = "gzip";
  headers.vary = "Accept-Encoding";
}

function* prepend(begin: readonly Chunk[], rest: Generator<Chunk>): Generator<Chunk> {
  yield* begin;
  yield* rest;
}

async function* prependSlow(begin: readonly Chunk[], rest: AsyncGenerator<Chunk>): AsyncGenerator<Chunk> {
  yield* begin;
  yield* rest;
}

async function* detachedAll(source: Iterable<Chunk> | AsyncIterable<Chunk>): AsyncGenerator<Buffer> {
  for await (const chunk of source) yield detached(chunk);
}

function stream(target: AnswerStream, source: Generator<Chunk>): void {
  const pump = (): void => {
    try {
      for (;;) {
        if (target.lost) return;
        const next = source.next();
        if (next.done) {
          target.end();
          return;
        }
        const chunk = next.value;
        if (!target.write(chunk, () => pool.give(chunk))) {
          target.onDrain(pump);
          return;
        }
      }
    } catch {
      target.destroy(); // an object that cannot be written: too late for a Status
    }
  };
  pump();
}

async function streamSlowly(exchange: Exchange, target: AnswerStream, source: AsyncIterable<Chunk>): Promise<void> {
  let goOn = (): void => {};
  exchange.onFinished(() => goOn());
  try {
    for await (const chunk of source) {
      if (target.lost) return;
      if (target.write(chunk, () => pool.give(chunk))) continue;
      await new Promise<void>((resolve) => {
        goOn = resolve;
        target.onDrain(resolve);
      });
    }
    target.end();
  } catch {
    target.destroy(); // as above
  }
}

function openCompressed(
  exchange: Exchange,
  headers: AnswerHeaders,
  source: Iterable<Chunk> | AsyncIterable<Chunk>,
): void {
  markGzip(headers);
  const target = exchange.open(200, headers);
  const compressor = createGzip({ level: zlib.Z_BEST_SPEED });
  compressor.on("data", (chunk: Buffer) => {
    if (target.write(chunk)) return;
    compressor.pause();
    target.onDrain(() => compressor.resume());
  });
  compressor.on("end", () => target.end());
  compressor.on("error", () => target.destroy());
  const pieces = Readable.from(detachedAll(source), { objectMode: true });
  exchange.onFinished(() => {
    compressor.destroy();
    pieces.destroy();
  });
  pieces.on("error", () => target.destroy()).pipe(compressor);
}
