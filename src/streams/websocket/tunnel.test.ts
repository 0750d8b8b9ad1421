import { createServer, request } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import { acceptTunnel, tunnelledProtocols } from "./tunnel.ts";

const protocol = "SPDY/3.1+portforward.k8s.io";
const closing: (() => void)[] = [];
afterEach(() => {
  for (const close of closing.splice(0)) close();
});

/** The answer to a client that asks for this WebSocket protocol, and the first bytes that arrive in the tunnel. */
async function handshake(message: Buffer): Promise<{ chosen: string | undefined; received: string }> {
  const received = Promise.withResolvers<string>();
  const server = createServer().on("upgrade", async (req, socket, head) => {
    const [tunnelled = ""] = tunnelledProtocols(req);
    const tunnel = await acceptTunnel(req, socket, head, tunnelled);
    tunnel.once("data", (bytes: Buffer) => received.resolve(bytes.toString()));
  });
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  const { port } = server.address() as AddressInfo;
  const headers = {
    Connection: "Upgrade",
    Upgrade: "websocket",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": Buffer.alloc(16).toString("base64"),
    "Sec-WebSocket-Protocol": protocol,
  };
  const chosen = Promise.withResolvers<string | undefined>();
  const client = request({ host: "127.0.0.1", port, headers });
  client.on("response", (answer) => chosen.resolve(`${answer.statusCode}`));
  client.on("upgrade", (answer, socket) => {
    closing.push(() => socket.destroy());
    chosen.resolve(answer.headers["sec-websocket-protocol"]);
    // A binary message with a mask of zeros.
    socket.write(Buffer.concat([Buffer.from([0x82, 0x80 | message.length, 0, 0, 0, 0]), message]));
  });
  client.end();
  closing.push(() => server.close());
  return { chosen: await chosen.promise, received: (await chosen.promise) === protocol ? await received.promise : "" };
}

describe("a tunnel of SPDY in a WebSocket", () => {
  it("is agreed on by its name, although that is no token", async () => {
    expect(await handshake(Buffer.from("hello"))).toEqual({ chosen: protocol, received: "hello" });
  });
});
