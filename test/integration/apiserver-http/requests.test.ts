import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Call, http1Client, http2Client } from "./clients.ts";
import { startTestServer, type TestServer } from "./test-server.ts";

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
  await http1Client(server)("POST", "/api/v1/namespaces", {
    body: { apiVersion: "v1", kind: "Namespace", metadata: { name: "ns" } },
  });
});
afterAll(() => server.stop());

const configMaps = "/api/v1/namespaces/ns/configmaps";
const configMap = (name: string, data: Record<string, string> = { a: "1" }) => ({
  apiVersion: "v1",
  kind: "ConfigMap",
  metadata: { name },
  data,
});

const clients: [string, () => Call][] = [
  ["HTTP/1.1", () => http1Client(server)],
  ["HTTP/2", () => http2Client(server)],
];

describe.each(clients)("over %s", (protocol, client) => {
  const suffix = protocol === "HTTP/2" ? "h2" : "h1";
  let call: Call;
  beforeAll(() => {
    call = client();
  });

  it("creates, reads, changes and deletes an object", async () => {
    const name = `crud-${suffix}`;
    const created = await call("POST", configMaps, { body: configMap(name) });
    expect(created.status).toBe(201);
    expect(created.headers["content-type"]).toBe("application/json");
    expect(created.headers["audit-id"]).toMatch(/^[0-9a-f-]{36}$/);
    expect(created.headers["cache-control"]).toBe("no-cache, private");
    expect(created.text.endsWith("\n")).toBe(true);
    const read = await call("GET", `${configMaps}/${name}`);
    expect(read.body).toEqual(created.body);
    const patched = await call("PATCH", `${configMaps}/${name}`, {
      headers: { "content-type": "application/merge-patch+json" },
      body: { data: { a: "2" } },
    });
    expect(patched.body.data).toEqual({ a: "2" });
    const replaced = await call("PUT", `${configMaps}/${name}`, { body: { ...patched.body, data: { b: "3" } } });
    expect(replaced.body.data).toEqual({ b: "3" });
    expect((await call("DELETE", `${configMaps}/${name}`, { body: { kind: "DeleteOptions" } })).status).toBe(200);
    expect((await call("GET", `${configMaps}/${name}`)).body).toMatchObject({ reason: "NotFound", code: 404 });
  });

  it("lists without repeating kind and version in each item", async () => {
    await call("POST", configMaps, { body: configMap(`listed-${suffix}`) });
    const { body } = await call("GET", configMaps);
    expect(body).toMatchObject({ kind: "ConfigMapList", apiVersion: "v1" });
    const [item] = body.items;
    expect(item.metadata.namespace).toBe("ns");
    expect(item.kind).toBeUndefined();
    expect(item.apiVersion).toBeUndefined();
  });

  it("answers tables with metadata, whole objects or none", async () => {
    await call("POST", configMaps, { body: configMap(`table-${suffix}`) });
    const headers = { accept: "application/json;as=Table;v=v1;g=meta.k8s.io,application/json" };
    const rows = async (query: string) =>
      (await call("GET", `${configMaps}/table-${suffix}${query}`, { headers })).body;
    const plain = await rows("");
    expect(plain).toMatchObject({ kind: "Table", apiVersion: "meta.k8s.io/v1" });
    expect(plain.columnDefinitions[0]).toMatchObject({ name: "Name", type: "string", format: "name", priority: 0 });
    expect(plain.rows[0].object.kind).toBe("PartialObjectMetadata");
    expect((await rows("?includeObject=None")).rows[0].object).toBeNull();
    expect((await rows("?includeObject=Object")).rows[0].object.data).toEqual({ a: "1" });
  });

  it("answers metadata alone", async () => {
    await call("POST", configMaps, { body: configMap(`partial-${suffix}`) });
    const one = await call("GET", `${configMaps}/partial-${suffix}`, {
      headers: { accept: "application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io" },
    });
    expect(one.body).toMatchObject({ kind: "PartialObjectMetadata", metadata: { name: `partial-${suffix}` } });
    expect(one.body.data).toBeUndefined();
  });

  it("answers YAML and takes YAML", async () => {
    const yaml = `apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: yaml-${suffix}\ndata:\n  a: "1"\n`;
    const headers = { "content-type": "application/yaml", accept: "application/yaml" };
    const created = await call("POST", configMaps, { headers, body: yaml });
    expect(created.status).toBe(201);
    expect(created.headers["content-type"]).toBe("application/yaml");
    expect(created.text).toContain(`name: yaml-${suffix}`);
  });

  it("indents when it is asked to", async () => {
    const { text } = await call("GET", "/api/v1/namespaces/ns?pretty=true");
    expect(text).toContain('\n  "metadata": {');
  });

  it("refuses bodies over the limit with 413", async () => {
    const answer = await call("POST", configMaps, { body: configMap("big", { a: "x".repeat(3 * 1024 * 1024) }) });
    expect(answer.body).toMatchObject({
      code: 413,
      reason: "RequestEntityTooLarge",
      message: "Request entity too large: limit is 3145728",
    });
  });

  it("refuses content types that it does not know", async () => {
    const headers = { "content-type": "text/plain" };
    const posted = await call("POST", configMaps, { headers, body: "{}" });
    expect(posted.body).toMatchObject({ code: 415, reason: "UnsupportedMediaType" });
    expect(posted.body.message).toContain("the body of the request was in an unknown format");
    const patched = await call("PATCH", `${configMaps}/x`, { headers, body: "{}" });
    expect(patched.body).toMatchObject({ code: 415, message: "415: Unsupported Media Type" });
  });

  it("refuses what it cannot answer in", async () => {
    const { body } = await call("GET", `${configMaps}/x`, { headers: { accept: "text/csv" } });
    expect(body).toMatchObject({ code: 406, reason: "NotAcceptable" });
    expect(body.message).toBe(
      "406: Not Acceptable\n\nAvailable representations: application/json, application/yaml, application/vnd.kubernetes.protobuf",
    );
  });

  it("says in the original's words that there is no such resource, path or method", async () => {
    const notFound = { code: 404, message: "the server could not find the requested resource", details: {} };
    expect((await call("GET", "/api/v1/nosuch")).body).toMatchObject(notFound);
    expect((await call("GET", "/apis/apps/v9")).body).toMatchObject(notFound);
    expect((await call("GET", "/api/v2")).body).toMatchObject(notFound);
    expect((await call("GET", `${configMaps}/x/nosuch`)).body).toMatchObject(notFound);
    expect((await call("GET", "/apis/apps/v1/deployments/none")).body).toMatchObject(notFound);
    expect((await call("GET", "/apis/nosuch")).text).toBe("404 page not found\n");
    expect((await call("GET", "/nosuch")).text).toBe("404 page not found\n");
    expect((await call("PUT", configMaps, { body: {} })).body).toMatchObject({ code: 405, reason: "MethodNotAllowed" });
    expect((await call("OPTIONS", configMaps)).status).toBe(405);
    expect((await call("GET", "/api/v1/namespaces/%zz")).status).toBe(400);
  });

  it("says what is wrong with a malformed number in the query", async () => {
    const { body } = await call("GET", `${configMaps}?limit=x`);
    expect(body).toMatchObject({ code: 400, message: 'strconv.ParseInt: parsing "x": invalid syntax' });
  });

  it("warns of unknown fields in headers", async () => {
    const { headers } = await call("POST", `${configMaps}?dryRun=All`, { body: { ...configMap("w"), bogus: 1 } });
    expect(headers.warning).toBe('299 - "unknown field \\"bogus\\""');
  });

  it("serves discovery, version, health and metrics", async () => {
    expect((await call("GET", "/version")).body).toMatchObject({
      major: "1",
      minor: "36",
      gitVersion: "v1.36.2+sampan",
    });
    expect((await call("GET", "/apis")).body.kind).toBe("APIGroupList");
    expect((await call("GET", "/apis/apps/v1")).body.groupVersion).toBe("apps/v1");
    const aggregated = await call("GET", "/apis", {
      headers: { accept: "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList" },
    });
    expect(aggregated.body.kind).toBe("APIGroupDiscoveryList");
    const again = await call("GET", "/apis", {
      headers: {
        accept: "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList",
        "if-none-match": String(aggregated.headers.etag),
      },
    });
    expect(again.status).toBe(304);
    expect((await call("GET", "/readyz")).text).toBe("ok");
    expect((await call("GET", "/livez/ping")).text).toBe("ok");
    expect((await call("GET", "/healthz/nosuch")).status).toBe(404);
    expect((await call("GET", "/healthz?verbose&exclude=etcd")).text).toContain(
      "[+]ping ok\n[+]log ok\n[+]etcd excluded: ok\n",
    );
    expect((await call("GET", "/metrics")).text).toContain("apiserver_request_total{");
    const ready = (await call("GET", "/readyz?verbose")).text;
    for (const name of ["etcd-readiness", "informer-sync", "autoregister-completion", "shutdown"]) {
      expect(ready).toContain(`[+]${name} ok\n`);
    }
    expect(ready).toMatch(/\[\+\]poststarthook\/crd-informer-synced ok\n[\s\S]*readyz check passed\n$/);
    expect((await call("GET", "/livez?verbose")).text).not.toContain("etcd-readiness");
    expect((await call("GET", "/livez/poststarthook/rbac/bootstrap-roles")).text).toBe("ok");
    const { text: slis } = await call("GET", "/metrics/slis");
    expect(slis).toContain('kubernetes_healthcheck{name="etcd",type="readyz"} 1\n');
    expect(slis).toMatch(/^kubernetes_healthchecks_total\{name="ping",status="success",type="livez"\} [1-9]/m);
    expect((await call("GET", "/")).body.paths).toEqual(
      expect.arrayContaining(["/healthz/ping", "/livez/etcd", "/metrics/slis", "/readyz/informer-sync"]),
    );
    expect((await call("GET", "/")).body.paths).toContain("/apis/apps/v1");
  });
});

describe("compression", () => {
  it("compresses long answers for clients that take gzip, and only those", async () => {
    const call = http1Client(server);
    for (let i = 0; i < 4; i++) {
      await call("POST", configMaps, { body: configMap(`long-${i}`, { a: "abc ".repeat(20_000) }) });
    }
    const headers = { "accept-encoding": "gzip" };
    const whole = await call("GET", configMaps);
    const compressed = await call("GET", configMaps, { headers });
    expect(compressed.headers["content-encoding"]).toBe("gzip");
    const { gunzipSync } = await import("node:zlib");
    const list = JSON.parse(gunzipSync(compressed.bytes).toString());
    expect(list.items).toEqual(whole.body.items);
    expect(whole.headers["content-encoding"]).toBeUndefined();
    expect((await call("GET", `${configMaps}/long-0`, { headers })).headers["content-encoding"]).toBeUndefined();
  });
});
