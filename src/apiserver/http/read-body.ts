import type { Readable } from "node:stream";
import { errors } from "../../api/meta/index.ts";
import { ConnectionLost } from "./exchange.ts";

const empty = Buffer.alloc(0);

/** Collects a body up to a bound. What comes above it is refused as soon as it is seen, and not kept. */
export function readAll(source: Readable, bytesMax: number, declaredLength: string | undefined): Promise<Buffer> {
  if (declaredLength !== undefined && Number(declaredLength) > bytesMax) {
    source.resume();
    return Promise.reject(errors.requestEntityTooLarge());
  }
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let length = 0;
    let refused = false;
    let complete = false;
    // A stream closes after its end too: then there is nothing to tell, and an error would cost its stack trace.
    const lose = (): void => {
      if (!complete && !refused) reject(new ConnectionLost());
    };
    source.on("data", (chunk: Buffer) => {
      if (refused) return;
      length += chunk.length;
      if (length > bytesMax) {
        refused = true;
        chunks.length = 0;
        reject(errors.requestEntityTooLarge());
      } else chunks.push(chunk);
    });
    source.on("end", () => {
      complete = true;
      resolve(chunks.length === 1 ? (chunks[0] ?? empty) : Buffer.concat(chunks, length));
    });
    source.on("error", lose);
    source.on("close", lose);
  });
}
