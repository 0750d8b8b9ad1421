import { gunzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { decodeProtobuf, formatYaml, parseYaml } from "../../../src/api/codec/index.ts";
import type { JsonObject } from "../../../src/api/meta/index.ts";
import { decodeObject, shapeOf } from "../../../src/api/schema/index.ts";
import { type Call, http1Client, http2Client } from "./clients.ts";
import { startTestServer, type TestServer } from "./test-server.ts";

let server: TestServer;
let call: Call;
let call2: Call;
beforeAll(async () => {
  server = await startTestServer();
  call = http1Client(server);
  call2 = http2Client(server);
  await Promise.all(
    ["none", "few", "many"].map((name) => call("POST", "/api/v1/namespaces", { body: { metadata: { name } } })),
  );
  const create = (namespace: string, i: number) =>
    call("POST", mapsOf(namespace), {
      body: {
        metadata: { name: `m-${i}`, labels: { app: "x" } },
        data: { text: `${i}: "é"\n`.repeat(200), "1": "on" },
      },
    });
  await Promise.all(Array.from({ length: 3 }, (_, i) => create("few", i)));
  await Promise.all(Array.from({ length: 300 }, (_, i) => create("many", i)));
});
afterAll(() => server.stop());

const mapsOf = (namespace: string) => `/api/v1/namespaces/${namespace}/configmaps`;
const namespaces = [
  ["none", 0],
  ["few", 3],
  ["many", 300],
] as const;
const protobuf = "application/vnd.kubernetes.protobuf";
const asMetadata = ";as=PartialObjectMetadataList;v=v1;g=meta.k8s.io";

async function listed(client: Call, namespace: string, accept: string, gzip = false): Promise<Buffer> {
  const headers: Record<string, string> = { accept };
  if (gzip) headers["accept-encoding"] = "gzip";
  const answer = await client("GET", mapsOf(namespace), { headers });
  expect(answer.status).toBe(200);
  return answer.headers["content-encoding"] === "gzip" ? gunzipSync(answer.bytes) : answer.bytes;
}

async function plain(namespace: string, as = ""): Promise<JsonObject> {
  return JSON.parse((await listed(call, namespace, `application/json${as}`)).toString()) as JsonObject;
}

describe.each(namespaces)("a list of %s objects (%d)", (namespace, count) => {
  it.each([false, true])("says the same in all forms, compressed: %s", async (gzip) => {
    const wanted = await plain(namespace);
    expect(wanted.items).toHaveLength(count);
    for (const client of [call, call2]) {
      const yaml = (await listed(client, namespace, "application/yaml", gzip)).toString();
      expect(yaml).toBe(await formatYaml(wanted));
      const pretty = (await listed(client, namespace, "application/json;pretty=1", gzip)).toString();
      expect(pretty).toBe(`${JSON.stringify(wanted, null, 2)}\n`);
      const binary = decodeProtobuf(await listed(client, namespace, protobuf, gzip));
      expect({ ...binary, items: stored("ConfigMap", binary.items) }).toEqual({
        ...wanted,
        metadata: expect.objectContaining(wanted.metadata as object),
        items: stored("ConfigMap", wanted.items),
      });
    }
  });

  it("of metadata alone too", async () => {
    const wanted = await plain(namespace, asMetadata);
    expect(wanted).toMatchObject({ kind: "PartialObjectMetadataList" });
    const yaml = (await listed(call, namespace, `application/yaml${asMetadata}`)).toString();
    expect((await parseYaml(yaml)).value).toEqual(wanted);
    const pretty = (await listed(call, namespace, `application/json${asMetadata};pretty=1`)).toString();
    expect(pretty).toBe(`${JSON.stringify(wanted, null, 2)}\n`);
    const binary = decodeProtobuf(await listed(call, namespace, protobuf + asMetadata));
    expect(binary.kind).toBe("PartialObjectMetadataList");
    const names = (list: JsonObject) =>
      ((list.items ?? []) as { metadata: { name: string } }[]).map((item) => item.metadata.name);
    expect(names(binary as JsonObject)).toEqual(names(wanted));
  });
});

/** Items as they are stored, whatever their form writes of what is empty. */
function stored(kind: string, items: unknown): JsonObject[] {
  const shape = shapeOf("v1", kind);
  if (shape === undefined) throw new Error(`no ${kind}`);
  return ((items ?? []) as JsonObject[]).map(
    (item) => decodeObject(structuredClone(item), shape, { unknownFields: "drop" }).object,
  );
}
