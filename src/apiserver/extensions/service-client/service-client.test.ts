import { createServer, type Server } from "node:https";
import type { AddressInfo } from "node:net";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { JsonObject, KubeObject } from "../../../api/meta/index.ts";
import { CertificateAuthority } from "../../../certificates/index.ts";
import { systemHost } from "../../../host/index.ts";
import { createMemoryStore, type Store } from "../../../store/index.ts";
import { ServiceClient } from "./index.ts";

const host = systemHost({ log: { level: "error" } });
let store: Store;
let server: Server;
let port: number;
let connections: number;
let caBundle: string;
let client: ServiceClient;
let answer: (body: string) => { status?: number; text: string } | undefined;

beforeEach(async () => {
  const notBefore = host.clock.now() - 60_000;
  const notAfter = notBefore + 3_600_000;
  const authority = CertificateAuthority.create("webhooks", notBefore, notAfter, host);
  const names = ["hook.default.svc", "127.0.0.1"];
  const pair = authority.issue({ commonName: "hook", names, usage: "server", notBefore, notAfter });
  caBundle = Buffer.from(authority.pair.cert).toString("base64");
  answer = (body) => ({ text: `got ${body}` });
  connections = 0;
  server = createServer({ cert: pair.cert, key: pair.key }, (request, response) => {
    let body = "";
    request.on("data", (chunk: Buffer) => {
      body += chunk.toString();
    });
    request.on("end", () => {
      const given = answer(`${request.method} ${request.headers.host} ${request.url} ${body}`);
      if (given !== undefined) response.writeHead(given.status ?? 200).end(given.text);
    });
  });
  server.on("secureConnection", () => {
    connections++;
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  port = (server.address() as AddressInfo).port;
  store = createMemoryStore(host);
  client = new ServiceClient({ host, store });
});

afterEach(async () => {
  client.close();
  server.closeAllConnections();
  server.close();
  await store.close();
});

function put(key: string, object: object) {
  return store.commit({
    compare: [],
    operations: [{ type: "put", key, object: object as KubeObject & JsonObject }],
  });
}

async function addService(spec: object): Promise<void> {
  const metadata = { name: "hook", namespace: "default" };
  await put("/registry/services/specs/default/hook", { apiVersion: "v1", kind: "Service", metadata, spec });
}

function addEndpoint(ready: boolean) {
  return put("/registry/endpointslices/default/hook-1", {
    apiVersion: "discovery.k8s.io/v1",
    kind: "EndpointSlice",
    metadata: { name: "hook-1", namespace: "default", labels: { "kubernetes.io/service-name": "hook" } },
    addressType: "IPv4",
    endpoints: [{ addresses: ["127.0.0.1"], conditions: { ready } }],
    ports: [{ name: "https", port }],
  });
}

const service = { namespace: "default", name: "hook", path: "/validate" };
const call = { body: "{}", query: "timeout=1s", timeoutMs: 5000 };

test("a server is called by its URL, and connections are used again", async () => {
  const url = `https://127.0.0.1:${port}/check?a=b`;
  for (let n = 0; n < 3; n++) {
    const { status, body } = await client.call({ url, caBundle }, call);
    expect([status, body.toString()]).toEqual([200, `got POST 127.0.0.1:${port} /check?a=b&timeout=1s {}`]);
  }
  expect(connections).toBe(1);
});

test("a service of the cluster is reached at a ready endpoint of the named port, under its own name", async () => {
  await addService({ type: "ClusterIP", clusterIP: "10.96.0.7", ports: [{ name: "https", port: 443 }] });
  await addEndpoint(true);
  const { body } = await client.call({ service, caBundle }, call);
  expect(body.toString()).toBe("got POST hook.default.svc:443 /validate?timeout=1s {}");
});

test("a service by another name is reached there", async () => {
  await addService({ type: "ExternalName", externalName: "127.0.0.1" });
  const { body } = await client.call({ service: { ...service, port }, caBundle }, call);
  expect(body.toString()).toBe(`got POST hook.default.svc:${port} /validate?timeout=1s {}`);
});

test("why a service cannot be called is told in the original's words", async () => {
  const fails = async (target: object, text: string) =>
    expect(await client.call(target, call).catch((error: Error) => error.message)).toBe(text);
  const url = "https://hook.default.svc:443/validate?timeout=1s";
  await fails({ service, caBundle }, `Post "${url}": service "hook" not found`);
  await addService({ type: "ClusterIP", clusterIP: "10.96.0.7", ports: [{ name: "https", port: 8443 }] });
  await fails({ service, caBundle }, `Post "${url}": no service port 443 found for service "hook"`);
  await addService({ type: "ClusterIP", clusterIP: "10.96.0.7", ports: [{ name: "https", port: 443 }] });
  await addEndpoint(false);
  await fails({ service, caBundle }, `Post "${url}": no endpoints available for service "hook"`);
  await addEndpoint(true);
  const untrusted = "tls: failed to verify certificate: x509: certificate signed by unknown authority";
  await fails({ service }, `Post "${url}": ${untrusted}`);
  await put("/registry/services/specs/default/other", {
    apiVersion: "v1",
    kind: "Service",
    metadata: { name: "other", namespace: "default" },
    spec: { type: "ExternalName", externalName: "127.0.0.1" },
  });
  const misnamed = "tls: failed to verify certificate: x509: certificate is valid for hook.default.svc, 127.0.0.1, not";
  const other = { namespace: "default", name: "other", port };
  await fails(
    { service: other, caBundle },
    `Post "https://other.default.svc:${port}/?timeout=1s": ${misnamed} other.default.svc`,
  );
});

test("an answer that does not come in time is given up", async () => {
  answer = () => undefined;
  const url = `https://127.0.0.1:${port}/`;
  const failed = client.call({ url, caBundle }, { ...call, timeoutMs: 50 });
  await expect(failed).rejects.toMatchObject({
    message: `Post "${url}?timeout=1s": context deadline exceeded`,
    isTimeout: true,
  });
});

test("an answer that is too large is refused", async () => {
  answer = () => ({ text: "x".repeat(2000) });
  const url = `https://127.0.0.1:${port}/`;
  const failed = client.call({ url, caBundle }, { ...call, answerBytesMax: 1000 });
  await expect(failed).rejects.toThrow("the answer is larger than 1000 bytes");
});

test("a server that nobody listens for is told with its address", async () => {
  const url = "https://127.0.0.1:1/";
  await expect(client.call({ url, caBundle }, call)).rejects.toThrow(
    'Post "https://127.0.0.1:1/?timeout=1s": dial tcp 127.0.0.1:1: connect: connection refused',
  );
});
