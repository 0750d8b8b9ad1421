import { type Socket, connect as tcpConnect } from "node:net";
import { type TLSSocket, connect as tlsConnect } from "node:tls";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Call, http1Client, http2Session } from "./clients.ts";
import { startTestServer, type TestServer } from "./test-server.ts";

let server: TestServer;
let call: Call;
beforeAll(async () => {
  server = await startTestServer();
  call = http1Client(server);
});
afterAll(() => server.stop());

function closed(socket: Socket): Promise<string> {
  return new Promise((resolve) => {
    let received = "";
    socket.on("data", (chunk: Buffer) => {
      received += chunk.toString("latin1");
    });
    socket.on("error", () => {});
    socket.on("close", () => resolve(received));
  });
}

function open(): Promise<TLSSocket> {
  return new Promise((resolve) => {
    const { ca, admin } = server.certificates;
    const options = { port: server.listener.port, host: "127.0.0.1", ca, cert: admin.cert, key: admin.key };
    const socket = tlsConnect({ ...options, ALPNProtocols: ["http/1.1"] }, () => resolve(socket));
  });
}

async function expectAlive(): Promise<void> {
  expect((await call("GET", "/livez")).text).toBe("ok");
}

describe("a client that breaks the rules", () => {
  it("with garbage instead of TLS only loses its connection", async () => {
    const socket = tcpConnect(server.listener.port, "127.0.0.1");
    socket.write(Buffer.from("this is no TLS at all\r\n\r\n\u0000\u0001\u0002"));
    await closed(socket);
    await expectAlive();
  });

  it("that goes away in the middle of the handshake is forgotten", async () => {
    const socket = tcpConnect(server.listener.port, "127.0.0.1");
    socket.write(Buffer.from([0x16, 0x03, 0x01, 0x02, 0x00, 0x01]));
    socket.destroy();
    await expectAlive();
  });

  it("with garbage instead of HTTP gets 400", async () => {
    const socket = await open();
    const answer = closed(socket);
    socket.write("NOT HTTP\r\n\r\n");
    expect(await answer).toContain("HTTP/1.1 400 Bad Request");
    await expectAlive();
  });

  it("with a path as long as the original takes is answered, and with a longer one gets 431 for all that is sent", async () => {
    const path = (length: number): string => `/api/v1/namespaces/${"x".repeat(length)}`;
    expect((await call("GET", path(1_000_000))).status).toBe(404);
    expect((await call("GET", path(3_000_000))).status).toBe(431);
    await expectAlive();
  });

  it("with a path as long as HTTP/2 carries is answered", async () => {
    const session = http2Session(server);
    const stream = session.request({ ":path": `/api/v1/namespaces/${"x".repeat(60_000)}` });
    const status = await new Promise((resolve, reject) => {
      stream.on("response", (headers) => resolve(headers[":status"])).on("error", reject);
    });
    expect(status).toBe(404);
    session.destroy();
  });

  it("with headers that never end loses its connection", async () => {
    const socket = await open();
    const answer = closed(socket);
    const chunk = `a: ${"x".repeat(65_000)}\r\n`;
    socket.write("GET /livez HTTP/1.1\r\n");
    const more = (error?: Error | null): void => {
      if (!error && !socket.destroyed) socket.write(chunk, more);
    };
    more();
    expect(await answer).toMatch(/^(HTTP\/1.1 431 |$)/);
    await expectAlive();
  });

  it("that goes away in the middle of a body is forgotten", async () => {
    const socket = await open();
    const gone = closed(socket);
    socket.write("POST /api/v1/namespaces HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n{");
    await new Promise<void>((resolve) => socket.write("", () => resolve()));
    socket.destroy();
    await gone;
    await expectAlive();
  });

  it("with a broken HTTP/2 frame only loses its connection", async () => {
    const { ca, admin } = server.certificates;
    const socket = tlsConnect({
      port: server.listener.port,
      host: "127.0.0.1",
      ca,
      cert: admin.cert,
      key: admin.key,
      ALPNProtocols: ["h2"],
    });
    const gone = closed(socket);
    socket.write("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
    socket.write(Buffer.from([0xff, 0xff, 0xff, 0x09, 0xff, 0xff, 0xff, 0xff, 0xff, 1, 2, 3, 4]));
    await gone;
    await expectAlive();
  });

  it("that resets its streams is forgotten", async () => {
    const session = http2Session(server);
    for (let i = 0; i < 20; i++) {
      const stream = session.request({ ":path": "/api/v1/namespaces", ":method": "POST" }, { endStream: false });
      stream.on("error", () => {});
      stream.write("{");
      stream.destroy();
    }
    await expectAlive();
    session.destroy();
  });

  it.each([
    ["broken JSON", "application/json", '{"kind":'],
    ["JSON that is no object", "application/json", "[1]"],
    ["an empty body", "application/json", ""],
    ["broken YAML", "application/yaml", "a: [b: {c"],
    ["deep JSON", "application/json", `${"[".repeat(100_000)}${"]".repeat(100_000)}`],
    ["protobuf that is none", "application/vnd.kubernetes.protobuf", "k8s\u0000\u00ff\u00ff"],
    ["bytes that are no text", "application/json", Buffer.from([0xff, 0xfe, 0x00, 0x80])],
  ])("with %s gets an error of its own", async (_what, contentType, body) => {
    const answer = await call("POST", "/api/v1/namespaces", { headers: { "content-type": contentType }, body });
    expect(answer.status).toBeGreaterThanOrEqual(400);
    expect(answer.status).toBeLessThan(500);
    expect(answer.body.kind).toBe("Status");
    await expectAlive();
  });
});
