// Clients that want to do harm, or are just broken: many, slow, deaf, hasty.
import { once } from "node:events";
import { createConnection, type Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { type TLSSocket, connect as tlsConnect } from "node:tls";
import { afterAll, beforeAll, expect, it } from "vitest";
import { seededRandom } from "../../../src/host/index.ts";
import { type Call, http1Client, http2Session } from "../apiserver-http/clients.ts";
import { startTestServer, type TestServer } from "../apiserver-http/test-server.ts";

let server: TestServer;
let call: Call;
beforeAll(async () => {
  server = await startTestServer();
  call = http1Client(server);
});
afterAll(() => server.stop());

const mebibyte = 1024 * 1024;

async function expectAlive(withinMs = 3000): Promise<void> {
  const started = Date.now();
  expect((await call("GET", "/livez")).text).toBe("ok");
  expect(Date.now() - started).toBeLessThan(withinMs);
}

async function openTls(protocol: string): Promise<TLSSocket> {
  const { ca, admin } = server.certificates;
  const address = { port: server.listener.port, host: "127.0.0.1" };
  const socket = tlsConnect({ ...address, ca, cert: admin.cert, key: admin.key, ALPNProtocols: [protocol] });
  socket.on("error", () => {});
  await once(socket, "secureConnect");
  return socket;
}

it("2,000 connections that say nothing keep nobody else out", async () => {
  const sockets: Socket[] = [];
  for (let i = 0; i < 2000; i++) {
    const socket = createConnection({ port: server.listener.port, host: "127.0.0.1" });
    socket.on("error", () => {});
    sockets.push(socket);
    if (i % 200 === 199) await once(socket, "connect");
  }
  await expectAlive();
  for (const socket of sockets) socket.destroy();
  await expectAlive();
});

it("garbage of every sort instead of TLS ends only its own connection", async () => {
  const random = seededRandom(5);
  const closings: Promise<unknown>[] = [];
  for (let i = 0; i < 200; i++) {
    const socket = createConnection({ port: server.listener.port, host: "127.0.0.1" });
    socket.on("error", () => {});
    socket.resume();
    closings.push(once(socket, "close"));
    const bytes = Buffer.from(random.bytes(1 + Math.floor(random.next() * 500)));
    if (i % 2 === 0) bytes.set([0x16, 0x03, 0x01, 0x00, 0x40].slice(0, bytes.length)); // begins like a handshake
    socket.end(bytes);
  }
  await Promise.all(closings);
  await expectAlive();
});

it("headers that come drop by drop take nothing from others", async () => {
  const sockets = await Promise.all(Array.from({ length: 50 }, () => openTls("http/1.1")));
  for (const letter of "GET /api HTTP/1.1\r\nHost: x\r\nX-Slow: aaaaaaaa") {
    for (const socket of sockets) socket.write(letter);
    await sleep(2);
  }
  await expectAlive();
  for (const socket of sockets) socket.destroy();
});

it("clients that never read their answers cost bounded memory", async () => {
  const data = { text: "x".repeat(200_000) };
  for (let i = 0; i < 20; i++) {
    await call("POST", "/api/v1/namespaces/default/configmaps", { body: { metadata: { name: `large-${i}` }, data } });
  }
  const before = process.memoryUsage().rss;
  const sockets = await Promise.all(Array.from({ length: 50 }, () => openTls("http/1.1")));
  for (const socket of sockets) {
    socket.pause();
    const request = "GET /api/v1/configmaps HTTP/1.1\r\nHost: x\r\n\r\n";
    socket.write(request.repeat(20)); // 80 MB of answers for each
  }
  await sleep(1500);
  await expectAlive();
  expect((process.memoryUsage().rss - before) / mebibyte).toBeLessThan(300);
  for (const socket of sockets) socket.destroy();
  await expectAlive();
});

it("streams that are reset as fast as they are opened do not stop the server", async () => {
  const session = http2Session(server);
  let opened = 0;
  for (let i = 0; i < 5000 && !session.destroyed; i++) {
    const stream = session.request({ ":path": "/api/v1/configmaps" });
    stream.on("error", () => {});
    stream.close(8); // CANCEL
    opened++;
    if (i % 500 === 499) await sleep(1);
  }
  expect(opened).toBeGreaterThan(100);
  await expectAlive();
  session.destroy();
});

it("10,000 watches on one resource get their events in bounded memory", { timeout: 110_000 }, async () => {
  const sessions = Array.from({ length: 100 }, () => http2Session(server));
  const before = process.memoryUsage().rss;
  let opened = 0;
  let received = 0;
  const watches = 10_000;
  const start = (await call("GET", "/api/v1/secrets")).body.metadata.resourceVersion;
  for (const session of sessions) {
    session.setMaxListeners(0);
    const opening = Array.from({ length: watches / sessions.length }, () => {
      const stream = session.request({ ":path": `/api/v1/secrets?watch=1&resourceVersion=${start}` });
      stream.on("error", () => {});
      stream.on("data", (chunk: Buffer) => {
        if (chunk.includes('"name":"fanned-out"')) received++;
      });
      return once(stream, "response").then(() => opened++);
    });
    await Promise.all(opening);
  }
  expect(opened).toBe(watches);
  await call("POST", "/api/v1/namespaces/default/secrets", { body: { metadata: { name: "fanned-out" } } });
  for (let waited = 0; received < watches && waited < 30_000; waited += 50) await sleep(50);
  expect(received).toBe(watches);
  // Both ends of every watch live in this process.
  expect((process.memoryUsage().rss - before) / mebibyte).toBeLessThan(1200);
  await expectAlive();
  for (const session of sessions) session.destroy();
  await expectAlive();
});
