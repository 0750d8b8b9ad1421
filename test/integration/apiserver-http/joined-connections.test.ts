import { once } from "node:events";
import { type AddressInfo, createServer } from "node:net";
import { Duplex } from "node:stream";
import { connect, createSecureContext, TLSSocket } from "node:tls";
import { expect, test } from "vitest";
import { servingPair } from "../../../src/certificates/index.ts";
import { systemHost } from "../../../src/host/index.ts";
import { joinConnections } from "../../../src/streams/index.ts";

/** A connection that gives all its chunks at once. */
class Chunks extends Duplex {
  constructor(chunks: readonly string[]) {
    super();
    for (const chunk of chunks) this.push(chunk);
    this.push(null);
  }
  override _read(): void {}
  override _write(_: unknown, __: string, done: () => void): void {
    done();
  }
}

// Clients that look whether their socket has something to read, and then read one message (as the Python client does),
// never see a second message in the same TLS record.
test("messages that come at once are passed on in a TLS record each, after the one that answers the upgrade", async () => {
  const pair = servingPair(systemHost(), "joined", ["127.0.0.1"]);
  const frames = ["one", "two", "three", "four"];
  const server = createServer((raw) => {
    const client = new TLSSocket(raw, { isServer: true, secureContext: createSecureContext(pair) });
    client.write("HTTP/1.1 101 Switching Protocols\r\n\r\n");
    joinConnections(client, Buffer.alloc(0), new Chunks(frames), Buffer.from("zero"));
  }).listen(0, "127.0.0.1");
  try {
    await once(server, "listening");
    const socket = connect({
      port: (server.address() as AddressInfo).port,
      host: "127.0.0.1",
      rejectUnauthorized: false,
    });
    const records: string[] = [];
    socket.on("data", (record) => records.push(String(record)));
    await once(socket, "close");
    expect(records).toEqual(["HTTP/1.1 101 Switching Protocols\r\n\r\n", "zero", ...frames]);
  } finally {
    server.close();
  }
});
