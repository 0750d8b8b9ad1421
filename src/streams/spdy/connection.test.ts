import { duplexPair } from "node:stream";
import { text } from "node:stream/consumers";
import { describe, expect, test } from "vitest";
import { SpdyConnection } from "./connection.ts";
import { FrameReader } from "./frames.ts";
import { HeaderPacker, HeaderUnpacker, SpdyError } from "./header-block.ts";
import type { SpdyStream } from "./stream.ts";

function connected(onStream: (stream: SpdyStream) => void) {
  const [near, far] = duplexPair();
  const client = new SpdyConnection(near, { role: "client" });
  const server = new SpdyConnection(far, { role: "server", onStream });
  return { client, server, near, far };
}

describe("header blocks", () => {
  test("are one compressed stream over many frames", () => {
    const packer = new HeaderPacker();
    const unpacker = new HeaderUnpacker();
    const first = packer.pack({ streamType: "error", port: "80", requestID: "0" });
    const second = packer.pack({ streamType: "data", port: "80", requestID: "0" });
    expect(unpacker.unpack(first)).toEqual({ streamtype: "error", port: "80", requestid: "0" });
    expect(unpacker.unpack(second)).toEqual({ streamtype: "data", port: "80", requestid: "0" });
    expect(second.length).toBeLessThan(first.length);
  });

  test("of nonsense are refused", () => {
    expect(() => new HeaderUnpacker().unpack(Buffer.from("nonsense"))).toThrow(SpdyError);
  });
});

test("frames are read from pieces of any size", () => {
  const [near, far] = duplexPair();
  const sent: Buffer[] = [];
  far.on("data", (chunk: Buffer) => sent.push(chunk));
  const client = new SpdyConnection(near, { role: "client" });
  client.open({ streamtype: "stdin" }).end("hello");
  return new Promise<void>((resolve) => setImmediate(resolve)).then(() => {
    const seen: string[] = [];
    const reader = new FrameReader({
      control: ({ type }) => seen.push(`control ${type}`),
      data: (id, bytes, last) => seen.push(`data ${id} ${bytes.toString()} ${last}`),
    });
    for (const byte of Buffer.concat(sent)) reader.push(Buffer.of(byte));
    expect(seen).toEqual([
      "control 1",
      ...["h", "e", "l", "l", "o"].map((letter) => `data 1 ${letter} false`),
      "data 1  true",
    ]);
  });
});

test("a stream carries bytes both ways, and each side ends its own", async () => {
  const { client } = connected((stream) => {
    stream.write(`${stream.headers.streamtype}:`);
    stream.pipe(stream);
  });
  const big = "x".repeat(3_000_000);
  const streams = ["a", "b"].map((streamtype) => client.open({ streamtype }));
  for (const stream of streams) stream.end(big);
  const [a, b] = await Promise.all(streams.map((stream) => text(stream)));
  expect(a === `a:${big}`).toBe(true);
  expect(b === `b:${big}`).toBe(true);
});

test("a ping is answered after what was sent before", async () => {
  const received: string[] = [];
  const { client } = connected((stream) => {
    stream.on("data", (chunk) => received.push(String(chunk)));
  });
  client.open({}).write("first");
  await client.ping();
  expect(received).toEqual(["first"]);
});

test("a reset ends the other side's reading", async () => {
  const opened: SpdyStream[] = [];
  const { client } = connected((stream) => opened.push(stream));
  const stream = client.open({});
  await client.ping();
  stream.destroy();
  await client.ping();
  const [far] = opened;
  if (far === undefined) throw new Error("no stream");
  expect(await text(far)).toBe("");
  expect(far.destroyed).toBe(true);
});

test("closing waits for the streams that are open, and takes no more", async () => {
  const opened: SpdyStream[] = [];
  const { client, server } = connected((stream) => opened.push(stream));
  const stream = client.open({});
  await client.ping();
  const closing = server.close();
  await client.ping();
  expect(() => client.open({})).toThrow("takes no more streams");
  stream.end("last words");
  const [far] = opened;
  if (far === undefined) throw new Error("no stream");
  expect(await text(far)).toBe("last words");
  far.end();
  await closing;
  await client.closed;
});

test("streams end when the connection is lost", async () => {
  const { client, far } = connected(() => {});
  const stream = client.open({});
  await client.ping();
  far.destroy();
  expect(await text(stream)).toBe("");
});

test("another version of the protocol ends the connection", async () => {
  const { client, far } = connected(() => {});
  far.write(Buffer.from([0x80, 0x02, 0, 1, 0, 0, 0, 0]));
  await client.closed;
});
