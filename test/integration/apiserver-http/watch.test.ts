import type { ClientHttp2Stream } from "node:http2";
import { request } from "node:https";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Call, http1Client, http2Session } from "./clients.ts";
import { startTestServer, type TestServer } from "./test-server.ts";

let server: TestServer;
let call: Call;
beforeAll(async () => {
  server = await startTestServer();
  call = http1Client(server);
  await call("POST", "/api/v1/namespaces", { body: { apiVersion: "v1", kind: "Namespace", metadata: { name: "ns" } } });
});
afterAll(() => server.stop());

const path = "/api/v1/namespaces/ns/configmaps";
const create = (name: string, data: Record<string, string> = {}) =>
  call("POST", path, { body: { apiVersion: "v1", kind: "ConfigMap", metadata: { name }, data } });

interface WatchedEvent {
  readonly type: string;
  // biome-ignore lint/suspicious/noExplicitAny: tests look at answers of every shape
  readonly object: any;
}

/** Reads events from a stream of JSON lines. */
class Events {
  readonly #waiting: ((event: WatchedEvent | undefined) => void)[] = [];
  readonly #arrived: (WatchedEvent | undefined)[] = [];
  #rest = "";

  push(text: string): void {
    const lines = (this.#rest + text).split("\n");
    this.#rest = lines.pop() ?? "";
    for (const line of lines) this.#put(JSON.parse(line) as WatchedEvent);
  }

  end(): void {
    this.#put(undefined);
  }

  /** Undefined at the end. */
  next(): Promise<WatchedEvent | undefined> {
    if (this.#arrived.length > 0) return Promise.resolve(this.#arrived.shift());
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  #put(event: WatchedEvent | undefined): void {
    const waiting = this.#waiting.shift();
    if (waiting === undefined) this.#arrived.push(event);
    else waiting(event);
  }
}

async function watch1(query: string, accept = "application/json"): Promise<{ events: Events; stop(): void }> {
  const events = new Events();
  const sent = request({
    host: "127.0.0.1",
    port: server.listener.port,
    path: `${path}?watch=true${query}`,
    ca: server.certificates.ca,
    cert: server.certificates.admin.cert,
    key: server.certificates.admin.key,
    headers: { accept },
  });
  sent.on("error", () => events.end());
  await new Promise<void>((resolve) => {
    sent.on("response", (response) => {
      response.on("data", (chunk: Buffer) => events.push(chunk.toString()));
      response.on("end", () => events.end());
      response.on("error", () => {});
      resolve();
    });
    sent.end();
  });
  return { events, stop: () => sent.destroy() };
}

async function watch2(query: string): Promise<{ events: Events; stop(): void; stream: ClientHttp2Stream }> {
  const events = new Events();
  const session = http2Session(server);
  const stream = session.request({ ":path": `${path}?watch=true${query}` });
  stream.on("data", (chunk: Buffer) => events.push(chunk.toString()));
  stream.on("end", () => events.end());
  stream.on("error", () => {});
  await new Promise((resolve) => stream.on("response", resolve));
  return { events, stream, stop: () => session.destroy() };
}

async function revision(): Promise<string> {
  return (await call("GET", path)).body.metadata.resourceVersion;
}

describe("a watch", () => {
  it.each([
    ["HTTP/1.1", watch1],
    ["HTTP/2", watch2],
  ])("sends what happens over %s, beginning with headers before any event", async (protocol, open) => {
    const name = `w-${protocol.replace(/\W/g, "")}`.toLowerCase();
    const { events, stop } = await open(`&resourceVersion=${await revision()}`);
    await create(name, { a: "1" });
    await call("DELETE", `${path}/${name}`);
    expect(await events.next()).toMatchObject({ type: "ADDED", object: { kind: "ConfigMap", data: { a: "1" } } });
    expect(await events.next()).toMatchObject({ type: "DELETED", object: { metadata: { name } } });
    stop();
  });

  it("begins with what there is when no revision is given", async () => {
    await create("there");
    const { events, stop } = await watch1("&fieldSelector=metadata.name%3Dthere");
    expect(await events.next()).toMatchObject({ type: "ADDED", object: { metadata: { name: "there" } } });
    stop();
  });

  it("ends when its time is over", async () => {
    const { events } = await watch1(`&timeoutSeconds=1&resourceVersion=${await revision()}`);
    expect(await events.next()).toBeUndefined();
  });

  it("defines the columns of a table with its first row alone", async () => {
    const accept = "application/json;as=Table;v=v1;g=meta.k8s.io";
    const { events, stop } = await watch1(`&resourceVersion=${await revision()}`, accept);
    await create("row-1");
    await create("row-2");
    const first = await events.next();
    expect(first?.object.columnDefinitions[0].name).toBe("Name");
    expect(first?.object.rows[0].cells[0]).toBe("row-1");
    const second = await events.next();
    expect(second?.object.columnDefinitions).toBeNull();
    expect(second?.object.rows[0].cells[0]).toBe("row-2");
    stop();
  });

  it("refuses bad options before it begins", async () => {
    expect((await call("GET", `${path}?watch=1&labelSelector=((`)).status).toBe(400);
    expect((await call("GET", `${path}?watch=1&timeoutSeconds=x`)).status).toBe(400);
    expect(
      (await call("GET", "/api/v1/watch/namespaces/ns/configmaps?timeoutSeconds=1&resourceVersion=1")).status,
    ).toBe(200);
  });

  it("is cut off when its client does not read", async () => {
    const { stream, stop } = await watch2(`&resourceVersion=${await revision()}`);
    stream.pause();
    const closed = new Promise<void>((resolve) => stream.on("close", resolve));
    const data = { a: "x".repeat(1_000_000) };
    await create("slow", data);
    let writes = 0;
    let isClosed = false;
    void closed.then(() => {
      isClosed = true;
    });
    while (!isClosed && writes < 100) {
      writes++;
      await call("PUT", `${path}/slow`, {
        body: { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "slow" }, data: { ...data, n: String(writes) } },
      });
    }
    expect(isClosed).toBe(true);
    expect(writes).toBeLessThan(40);
    stop();
  });

  it("is ended by a stop of the server", async () => {
    const other = await startTestServer();
    const session = http2Session(other);
    const stream = session.request({ ":path": "/api/v1/namespaces?watch=true&resourceVersion=0" });
    await new Promise((resolve) => stream.on("response", resolve));
    const ended = new Promise((resolve) => stream.on("end", resolve));
    stream.resume();
    await other.stop();
    await ended;
    session.destroy();
  });
});
