import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { decodeProtobuf, readProtobufWatchEvent } from "../../../src/api/codec/index.ts";
import { shapeOf } from "../../../src/api/schema/index.ts";
import { type Call, http1Client } from "./clients.ts";
import { startTestServer, type TestServer } from "./test-server.ts";

let server: TestServer;
let call: Call;
beforeAll(async () => {
  server = await startTestServer();
  call = http1Client(server);
  await call("POST", configMaps, { body: { metadata: { name: "c" }, data: { a: "1" } } });
});
afterAll(() => server.stop());

const configMaps = "/api/v1/namespaces/default/configmaps";
const table = { accept: "application/json;as=Table;v=v1;g=meta.k8s.io" };

/** The collections of all groups that know the verb. */
function collections(verb = "list"): string[] {
  return server.server.kinds
    .all()
    .filter(({ verbs }) => verbs.includes(verb))
    .map(({ group, version, resource }) =>
      group === "" ? `/api/${version}/${resource}` : `/apis/${group}/${version}/${resource}`,
    );
}

describe("the form of an answer", () => {
  it("is a table for the list of every kind", async () => {
    for (const path of collections()) {
      const { status, body } = await call("GET", path, { headers: table });
      expect({ path, status, kind: body.kind }).toEqual({ path, status: 200, kind: "Table" });
      expect(body.columnDefinitions[0]).toMatchObject({ type: "string" });
    }
  });

  it("is a table in every event of a watch of every kind", async () => {
    const watches = collections("watch").map(async (path) => {
      const { status, text } = await call("GET", `${path}?watch=1&timeoutSeconds=1`, { headers: table });
      const lines = text.split("\n").filter((line) => line !== "");
      const kinds = lines.map((line) => (JSON.parse(line) as { object: { kind: string } }).object.kind);
      return { path, status, others: kinds.filter((kind) => kind !== "Table"), events: lines.length };
    });
    const seen = await Promise.all(watches);
    expect(seen.filter(({ status, others }) => status !== 200 || others.length > 0)).toEqual([]);
    expect(seen.some(({ path, events }) => path === "/api/v1/configmaps" && events > 0)).toBe(true);
  });

  it("is metadata in protobuf too", async () => {
    const accept = "application/vnd.kubernetes.protobuf;as=PartialObjectMetadata;v=v1;g=meta.k8s.io";
    const one = await call("GET", `${configMaps}/c`, { headers: { accept } });
    expect(one.status).toBe(200);
    expect(one.headers["content-type"]).toBe("application/vnd.kubernetes.protobuf");
    expect(one.bytes.subarray(0, 4).toString("latin1")).toBe("k8s\0");
    expect(one.text).toContain("PartialObjectMetadata");
    expect(one.text).toContain("default");
    const all = await call("GET", configMaps, { headers: { accept: accept.replace("Metadata;", "MetadataList;") } });
    expect(all.text).toContain("PartialObjectMetadataList");
  });

  it("is metadata in protobuf in watches too, and never a table", async () => {
    const path = `${configMaps}?watch=1&timeoutSeconds=1&fieldSelector=metadata.name=c`;
    const forms = "as=PartialObjectMetadata;v=v1;g=meta.k8s.io";
    const { status, headers, bytes } = await call("GET", path, {
      headers: { accept: `application/vnd.kubernetes.protobuf;${forms}` },
    });
    expect({ status, type: headers["content-type"] }).toEqual({
      status: 200,
      type: "application/vnd.kubernetes.protobuf;stream=watch",
    });
    const { type, document } = readProtobufWatchEvent(bytes.subarray(4, 4 + bytes.readUInt32BE()));
    expect(type).toBe("ADDED");
    expect(decodeProtobuf(document)).toMatchObject({
      apiVersion: "meta.k8s.io/v1",
      kind: "PartialObjectMetadata",
      metadata: { name: "c", namespace: "default" },
    });
    const refused = await call("GET", path, {
      headers: { accept: "application/vnd.kubernetes.protobuf;as=Table;v=v1;g=meta.k8s.io" },
    });
    expect(refused.status).toBe(406);
  });

  it.each(["/api", "/apis", "/api/v1", "/apis/apps", "/apis/apps/v1"])(
    "is protobuf for what is discovered at %s",
    async (path) => {
      const headers = { accept: "application/vnd.kubernetes.protobuf, */*" };
      const { status, bytes } = await call("GET", path, { headers });
      expect(status).toBe(200);
      const { body } = await call("GET", path);
      const { kind } = body as { kind: string };
      const shape = shapeOf("v1", kind);
      expect(decodeProtobuf(bytes, shape)).toMatchObject({ ...(body as object), apiVersion: expect.anything() });
    },
  );

  it("is never CBOR, and CBOR is not read", async () => {
    const only = await call("GET", `${configMaps}/c`, { headers: { accept: "application/cbor" } });
    expect(only.body).toMatchObject({ code: 406, reason: "NotAcceptable" });
    const either = await call("GET", `${configMaps}/c`, {
      headers: { accept: "application/cbor, application/json;q=0.5" },
    });
    expect(either.headers["content-type"]).toBe("application/json");
    const headers = { "content-type": "application/cbor" };
    const posted = await call("POST", configMaps, { headers, body: Buffer.from([0xd9, 0xd9, 0xf7, 0xa0]) });
    expect(posted.body).toMatchObject({
      code: 415,
      reason: "UnsupportedMediaType",
      message:
        "the body of the request was in an unknown format - accepted media types include: application/json, application/yaml, application/vnd.kubernetes.protobuf",
    });
    const applied = await call("PATCH", `${configMaps}/c?fieldManager=m`, {
      headers: { "content-type": "application/apply-patch+cbor" },
      body: Buffer.from([0xa0]),
    });
    expect(applied.status).toBe(415);
  });

  it("is compressed from 128 KiB on", async () => {
    const headers = { "accept-encoding": "gzip" };
    const size = 128 * 1024;
    for (const [name, length, encoding] of [
      ["short", size - 1000, undefined],
      ["long", size + 1, "gzip"],
    ] as const) {
      await call("POST", configMaps, { body: { metadata: { name }, data: { a: "x".repeat(length) } } });
      expect((await call("GET", `${configMaps}/${name}`, { headers })).headers["content-encoding"]).toBe(encoding);
    }
  });
});

describe("a request", () => {
  it("says how long it may take, in words that can be read", async () => {
    expect((await call("GET", `${configMaps}/c?timeout=5s`)).status).toBe(200);
    expect((await call("GET", `${configMaps}/c?timeout=soon`)).body).toMatchObject({
      code: 400,
      message: 'invalid timeout specified in the request URL - time: invalid duration "soon"',
    });
  });

  it("to a pod, service or node is answered by what is wrong with it", async () => {
    const service = { metadata: { name: "s" }, spec: { ports: [{ port: 80 }] } };
    await call("POST", "/api/v1/namespaces/default/services", { body: service });
    const proxied = async (path: string) => (await call("GET", `/api/v1/${path}`)).body;
    expect(await proxied("namespaces/default/pods/none/proxy/")).toMatchObject({ code: 404 });
    expect(await proxied("namespaces/default/services/s:80/proxy/healthz")).toMatchObject({
      code: 503,
      reason: "ServiceUnavailable",
      message: 'no endpoints available for service "s:80"',
    });
    await call("POST", "/api/v1/nodes", { body: { metadata: { name: "n" } } });
    const node = await proxied("nodes/n/proxy/metrics");
    expect(node).toMatchObject({ code: 500, message: "no preferred addresses found; known addresses: []" });
  });

  it("that must be upgraded says so", async () => {
    const { body } = await call("POST", "/api/v1/namespaces/default/pods/p/exec?command=ls");
    expect(body).toMatchObject({ code: 400, message: "Upgrade request required" });
  });
});
