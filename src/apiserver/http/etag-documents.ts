import { createHash } from "node:crypto";
import { gzipSync, constants as zlib } from "node:zlib";
import type { AnswerHeaders, Exchange } from "./exchange.ts";

/** Documents that are the same for everybody until what they are made from changes: encoded, hashed and compressed once. */
export class EtagDocuments {
  readonly #generation: () => number;
  readonly #documents = new Map<string, Promise<EtagDocument>>();
  #builtFor = -1;

  constructor(generation: () => number) {
    this.#generation = generation;
  }

  /** The document is made anew when it is next asked for. */
  forget(name: string): void {
    this.#documents.delete(name);
  }

  get(name: string, build: () => Buffer | Promise<Buffer>): Promise<EtagDocument> {
    const generation = this.#generation();
    if (generation !== this.#builtFor) {
      this.#documents.clear();
      this.#builtFor = generation;
    }
    let document = this.#documents.get(name);
    if (document === undefined) {
      document = buildDocument(build);
      this.#documents.set(name, document);
      document.catch(() => this.#documents.delete(name)); // who asked is told; who asks next tries again
    }
    return document;
  }
}

async function buildDocument(build: () => Buffer | Promise<Buffer>): Promise<EtagDocument> {
  return new EtagDocument(await build());
}

const gzipThresholdBytes = 128 * 1024;

export class EtagDocument {
  readonly bytes: Buffer;
  /** Upper case SHA-512, as the original's. */
  readonly hash: string;
  #compressed: Buffer | undefined;

  constructor(bytes: Buffer) {
    this.bytes = bytes;
    this.hash = createHash("sha512").update(bytes).digest("hex").toUpperCase();
  }

  /** 304 for a client that has it already. */
  send(exchange: Exchange, headers: AnswerHeaders): void {
    const etag = `"${this.hash}"`;
    headers.etag = etag;
    const held = exchange.headers["if-none-match"];
    if (held?.split(",").some((one) => one.trim() === etag)) exchange.send(304, headers);
    else this.sendWhole(exchange, headers);
  }

  sendWhole(exchange: Exchange, headers: AnswerHeaders): void {
    const accepted = exchange.headers["accept-encoding"];
    if (this.bytes.length <= gzipThresholdBytes || typeof accepted !== "string" || !accepted.includes("gzip")) {
      exchange.send(200, headers, this.bytes);
      return;
    }
    this.#compressed ??= gzipSync(this.bytes, { level: zlib.Z_BEST_SPEED });
    headers["content-encoding"] = "gzip";
    headers.vary = headers.vary === undefined ? "Accept-Encoding" : `${String(headers.vary)}, Accept-Encoding`;
    exchange.send(200, headers, this.#compressed);
  }
}
