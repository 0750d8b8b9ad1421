import { duplexPair } from "node:stream";
import fc from "fast-check";
import { expect, test } from "vitest";
import { SpdyConnection } from "./connection.ts";
import { controlFrame, frameType, numbers } from "./frames.ts";
import { HeaderPacker } from "./header-block.ts";

/** The first bytes of a connection that is well-formed: three streams, data, a ping. */
async function wellFormed(): Promise<Buffer> {
  const [near, far] = duplexPair();
  const sent: Buffer[] = [];
  far.on("data", (chunk: Buffer) => sent.push(chunk));
  const client = new SpdyConnection(near, { role: "client" });
  for (const streamtype of ["error", "stdin", "stdout"]) client.open({ streamtype }).write("some data");
  void client.ping();
  await new Promise((resolve) => setImmediate(resolve));
  return Buffer.concat(sent);
}

test("whatever the other end sends, nothing is thrown and the connection ends at the latest with its socket", async () => {
  const good = await wellFormed();
  const mutated = fc
    .array(fc.record({ at: fc.nat(good.length - 1), byte: fc.nat(255) }), { maxLength: 8 })
    .map((changes) => {
      const bytes = Buffer.from(good);
      for (const { at, byte } of changes) bytes.writeUInt8(byte, at);
      return bytes;
    });
  const random = fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes));
  const pieces = fc.array(fc.oneof(mutated, random), { minLength: 1, maxLength: 3 });
  await fc.assert(
    fc.asyncProperty(pieces, async (chunks) => {
      const [near, far] = duplexPair();
      const server = new SpdyConnection(far, { role: "server", onStream: (stream) => stream.pipe(stream) });
      near.on("error", () => {});
      near.resume();
      for (const chunk of chunks) if (near.writable) near.write(chunk);
      await new Promise((resolve) => setImmediate(resolve));
      near.destroy();
      await server.closed;
    }),
    { numRuns: 500 },
  );
  expect(good.length).toBeGreaterThan(100);
});

test("who sends pings and reads no answer is cut off", async () => {
  const [near, far] = duplexPair();
  const server = new SpdyConnection(far, { role: "server" });
  near.on("error", () => {});
  const pings = Buffer.concat(
    Array.from({ length: 1000 }, (_, i) => controlFrame(frameType.ping, 0, numbers(2 * i + 1))),
  );
  for (let sent = 0; sent < 10 * 1024 * 1024 && !far.destroyed; sent += pings.length) {
    near.write(pings);
    await new Promise((resolve) => setImmediate(resolve));
  }
  expect(far.destroyed).toBe(true);
  near.destroy();
  await server.closed;
});

test("headers that unpack to far more than they are end the connection", async () => {
  const [near, far] = duplexPair();
  const opened: unknown[] = [];
  const server = new SpdyConnection(far, { role: "server", onStream: (stream) => opened.push(stream) });
  near.on("error", () => {});
  near.resume();
  const bomb = new HeaderPacker().pack({ streamtype: "x".repeat(1024 * 1024) });
  expect(bomb.length).toBeLessThan(8 * 1024);
  near.write(controlFrame(frameType.synStream, 0, Buffer.concat([numbers(1, 0), Buffer.alloc(2)]), bomb));
  await server.closed;
  expect(opened).toEqual([]);
});
