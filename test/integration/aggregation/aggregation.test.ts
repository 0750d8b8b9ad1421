import { request as httpsRequest } from "node:https";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { KubeObject } from "../../../src/api/meta/index.ts";
import type { APIService } from "../../../src/api/types/index.ts";
import { type Cluster, createCluster, resources } from "../../../src/index.ts";
import { eventually } from "../../support/eventually.ts";
import { ExtensionServer, resourceList } from "../../support/extension-server.ts";

let cluster: Cluster;
let server: ExtensionServer | undefined;
beforeEach(async () => {
  cluster = await createCluster({ nodes: false, scheduler: false });
});
afterEach(async () => {
  server?.stop();
  server = undefined;
  await cluster.stop();
});

const group = "shop.example.org";
const groupPath = `/apis/${group}/v1`;
const flowers = { group, version: "v1", resource: "flowers", kind: "Flower", namespaced: true };

interface Answered {
  readonly code: number;
  readonly headers: Record<string, unknown>;
  readonly text: string;
}

function ask(path: string, options: { method?: string; headers?: Record<string, string>; body?: string } = {}) {
  const { server: url, caPem: ca, clientCertPem: cert, clientKeyPem: key } = cluster.kubeconfig;
  return new Promise<Answered>((resolve, reject) => {
    const { method = "GET", headers, body } = options;
    const sent = httpsRequest(`${url}${path}`, { ca, cert, key, method, headers, agent: false }, (response) => {
      let text = "";
      response.on("data", (chunk: Buffer) => {
        text += chunk.toString();
      });
      response.on("end", () => resolve({ code: response.statusCode ?? 0, headers: response.headers, text }));
    });
    sent.on("error", reject);
    sent.end(body);
  });
}

const available = async () => {
  const service: APIService = await cluster
    .client()
    .resource(resources.apiservices)
    .get({ name: `v1.${group}` });
  const { status, reason, message } = service.status?.conditions?.[0] ?? {};
  return { status, reason, message };
};

async function start(): Promise<ExtensionServer> {
  const made = await ExtensionServer.start(cluster.client(), "default", "shop");
  server = made;
  const flower = { name: "flowers", singularName: "flower", shortNames: ["fl"], namespaced: true, kind: "Flower" };
  const list = resourceList(`${group}/v1`, [
    { ...flower, verbs: ["create", "delete", "get", "list", "watch"] },
    { name: "flowers/status", singularName: "", namespaced: true, kind: "Flower", verbs: ["get"] },
  ]);
  made.answers.set(groupPath, ({ path, method, user, query, request, response }) => {
    if (path === groupPath) return list;
    if (method === "POST") {
      let body = "";
      request.on("data", (chunk: Buffer) => {
        body += chunk.toString();
      });
      request.on("end", () => response.writeHead(201, { "content-type": "application/json" }).end(body));
      return undefined;
    }
    const object = { apiVersion: `${group}/v1`, kind: "Flower", metadata: { name: "rose", namespace: "default" } };
    if (query.get("watch") === "true") {
      response.writeHead(200, { "content-type": "application/json" });
      response.write(`${JSON.stringify({ type: "ADDED", object })}\n`);
      return undefined;
    }
    if (path.endsWith("/flowers"))
      return { apiVersion: `${group}/v1`, kind: "FlowerList", metadata: {}, items: [object] };
    return { ...object, spec: { askedBy: user.name, groups: user.groups } };
  });
  await made.register(cluster.client(), "default", "shop", group, "v1");
  await eventually(available, ({ status }) => status === "True");
  return made;
}

test("requests reach the server behind a group version, in the name of who asks", async () => {
  const made = await start();
  expect(await available()).toEqual({ status: "True", reason: "Passed", message: "all checks passed" });
  const { code, text } = await ask(`${groupPath}/namespaces/default/flowers/rose?x=1`);
  expect([code, JSON.parse(text).spec]).toEqual([
    200,
    { askedBy: "admin", groups: ["system:masters", "system:authenticated"] },
  ]);
  expect(made.asked.at(-1)).toBe(`GET ${groupPath}/namespaces/default/flowers/rose?x=1 admin`);
  const forged = { "x-remote-user": "mallory", "x-remote-group": "system:masters", "impersonate-user": "jane" };
  const asJane = await ask(`${groupPath}/namespaces/default/flowers/rose`, { headers: forged });
  expect(asJane.code).toBe(403); // Jane may not; the forged headers say nothing
  const made201 = await ask(`${groupPath}/namespaces/default/flowers`, { method: "POST", body: '{"kind":"Flower"}' });
  expect([made201.code, made201.text]).toEqual([201, '{"kind":"Flower"}']);
});

test("callers in the same process get there too: objects, lists, watches and refusals", async () => {
  const made = await start();
  const client = cluster.client();
  const rose = await client.resource(flowers).get({ namespace: "default", name: "rose" });
  expect((rose as KubeObject & { spec?: object }).spec).toMatchObject({ askedBy: "admin" });
  const { items } = await client.resource(flowers).list({ namespace: "default" });
  expect(items.map(({ metadata }) => metadata.name)).toEqual(["rose"]);
  const seen: string[] = [];
  const watching = await client.resource(flowers).watch(
    { namespace: "default" },
    {
      events: (batch) => seen.push(...batch.map(({ type }) => type)),
      end: () => seen.push("end"),
    },
  );
  await eventually(
    async () => seen,
    (events) => events.includes("ADDED"),
  );
  watching.stop();
  made.answers.delete(groupPath);
  const gone = client.resource(flowers).get({ namespace: "default", name: "rose" });
  await expect(gone).rejects.toThrow("the extension server says NotFound");
});

test("a watch is passed on as it comes", async () => {
  await start();
  const { server: url, caPem: ca, clientCertPem: cert, clientKeyPem: key } = cluster.kubeconfig;
  const first = await new Promise<string>((resolve, reject) => {
    const options = { ca, cert, key, agent: false };
    const sent = httpsRequest(`${url}${groupPath}/namespaces/default/flowers?watch=true`, options, (response) => {
      response.once("data", (chunk: Buffer) => {
        response.destroy();
        resolve(chunk.toString());
      });
    });
    sent.on("error", reject);
    sent.end();
  });
  expect(JSON.parse(first)).toMatchObject({ type: "ADDED", object: { metadata: { name: "rose" } } });
});

test("a connection that changes its protocol is joined with one to the server behind it", async () => {
  const made = await start();
  made.server.on("upgrade", (request, socket) => {
    socket.write("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n");
    socket.write(`${request.headers["x-remote-user"]} ${request.url}\n`);
    socket.on("data", (chunk: Buffer) => socket.end(chunk.toString().toUpperCase()));
    socket.on("error", () => {});
  });
  const { server: url, caPem: ca, clientCertPem: cert, clientKeyPem: key } = cluster.kubeconfig;
  const path = `${groupPath}/namespaces/default/flowers/rose/talk`;
  const said = await new Promise<string>((resolve, reject) => {
    const headers = { connection: "Upgrade", upgrade: "echo" };
    const sent = httpsRequest(`${url}${path}`, { ca, cert, key, headers, agent: false });
    sent.on("upgrade", (_response, socket, head) => {
      let text = head.toString();
      socket.on("data", (chunk: Buffer) => {
        text += chunk.toString();
      });
      socket.on("end", () => resolve(text));
      socket.on("error", reject);
      socket.write("hello");
    });
    sent.on("error", reject);
    sent.on("response", (response) => reject(new Error(`answered ${response.statusCode}`)));
    sent.end();
  });
  expect(said).toBe(`admin ${path}\nHELLO`);
});

test("discovery tells what the server serves, as stale while it is away; then requests get 503", async () => {
  const made = await start();
  const aggregated = { accept: "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList" };
  const told = async () => {
    const { items } = JSON.parse((await ask("/apis", { headers: aggregated })).text) as {
      items: { metadata: { name: string }; versions: { freshness: string; resources: { resource: string }[] }[] }[];
    };
    const version = items.find(({ metadata }) => metadata.name === group)?.versions[0];
    return { freshness: version?.freshness, resources: version?.resources.map(({ resource }) => resource) };
  };
  expect(await eventually(told, ({ freshness }) => freshness === "Current")).toEqual({
    freshness: "Current",
    resources: ["flowers"],
  });
  expect(JSON.parse((await ask(`/apis/${group}`)).text)).toMatchObject({ preferredVersion: { version: "v1" } });
  expect(JSON.parse((await ask(groupPath)).text).resources[0].shortNames).toEqual(["fl"]);

  made.stop();
  // A change of the service makes the server be looked at at once rather than after half a minute.
  const services = cluster.client().resource(resources.services);
  await services.patch({ namespace: "default", name: "shop" }, "merge", { metadata: { labels: { seen: "again" } } });
  const { status, reason, message = "" } = await eventually(available, (now) => now.status === "False");
  expect([status, reason]).toEqual(["False", "FailedDiscoveryCheck"]);
  const url = `https://localhost:${made.port}${groupPath}`;
  expect(message).toContain(`failing or missing response from ${url}: Get "${url}": dial tcp`);
  expect(message).toContain("connect: connection refused");
  const { code, text, headers } = await ask(`${groupPath}/namespaces/default/flowers/rose`);
  expect([code, text, headers["content-type"]]).toEqual([503, "service unavailable\n", "text/plain; charset=utf-8"]);
  expect(await eventually(told, ({ freshness }) => freshness === "Stale")).toEqual({
    freshness: "Stale",
    resources: ["flowers"],
  });
  const metrics = (await ask("/metrics")).text;
  expect(metrics).toContain(`aggregator_unavailable_apiservice{name="v1.${group}"} 1`);
  expect(metrics).toContain(
    `aggregator_unavailable_apiservice_total{name="v1.${group}",reason="FailedDiscoveryCheck"} 1`,
  );
  const there = cluster.client().resource(flowers).get({ namespace: "default", name: "rose" });
  await expect(there).rejects.toMatchObject({ status: { reason: "ServiceUnavailable" } });
  await cluster
    .client()
    .resource(resources.apiservices)
    .delete({ name: `v1.${group}` });
  await eventually(told, ({ freshness }) => freshness === undefined);
  expect((await ask(groupPath)).code).toBe(404);
});

test("OpenAPI documents tell of what other servers describe, and their own documents come from them", async () => {
  const made = await start();
  const schema = { type: "object", description: "a flower" };
  const v3Path = `/openapi/v3${groupPath}`;
  const reference = { $ref: "#/definitions/Flower" };
  made.answers.set("/openapi/v3", ({ path }) =>
    path === v3Path
      ? { openapi: "3.0.0", components: { schemas: { Flower: schema } } }
      : { paths: { [groupPath.slice(1)]: { serverRelativeURL: `${v3Path}?hash=F1` } } },
  );
  made.answers.set("/openapi/v2", () => ({
    swagger: "2.0",
    paths: {
      [`${groupPath}/flowers`]: { get: { responses: { 200: { schema: reference } } } },
      "/version/": {},
      "/odd/": {},
    },
    definitions: { Flower: schema },
  }));
  const apiServices = cluster.client().resource(resources.apiservices);
  await apiServices.delete({ name: `v1.${group}` });
  await made.register(cluster.client(), "default", "shop", group, "v1");
  const index = await eventually(
    async () => JSON.parse((await ask("/openapi/v3")).text).paths[groupPath.slice(1)],
    (entry) => entry !== undefined,
  );
  expect(index).toEqual({ serverRelativeURL: `${v3Path}?hash=F1` });
  expect(JSON.parse((await ask(index.serverRelativeURL)).text).components.schemas).toEqual({ Flower: schema });
  const { definitions, paths } = JSON.parse((await ask("/openapi/v2")).text);
  expect(definitions.Flower).toEqual(schema);
  expect(definitions["io.k8s.api.core.v1.Pod"]).toBeDefined();
  expect(paths[`${groupPath}/flowers`]).toBeDefined();
  expect(paths["/version/"].get.operationId).toBe("getCodeVersion");
  expect(paths["/odd/"]).toBeUndefined();
});

test("a server whose certificate nobody vouches for is available, and requests say why they do not reach it", async () => {
  await start();
  const apiServices = cluster.client().resource(resources.apiservices);
  const caBundle = Buffer.from(cluster.kubeconfig.caPem).toString("base64");
  await apiServices.patch({ name: `v1.${group}` }, "merge", { spec: { caBundle } });
  const answer = await eventually(
    () => ask(`${groupPath}/namespaces/default/flowers/rose`),
    ({ code }) => code !== 200,
  );
  expect([answer.code, answer.text]).toEqual([
    503,
    "error trying to reach service: tls: failed to verify certificate: x509: certificate signed by unknown authority\n",
  ]);
  expect((await available()).status).toBe("True");
  await apiServices.patch({ name: `v1.${group}` }, "merge", { spec: { caBundle: null, insecureSkipTLSVerify: true } });
  await eventually(
    () => ask(`${groupPath}/namespaces/default/flowers/rose`),
    ({ code }) => code === 200,
  );
});

test("every group version that is served here has an APIService, which is written again only at a start", async () => {
  const apiServices = cluster.client().resource(resources.apiservices);
  const { items } = await apiServices.list();
  const shown = items.map(({ metadata, spec, status }) => [
    metadata.name,
    metadata.labels?.["kube-aggregator.kubernetes.io/automanaged"],
    `${spec.groupPriorityMinimum}/${spec.versionPriority}`,
    status?.conditions?.[0]?.reason,
  ]);
  expect(shown).toContainEqual(["v1.", "onstart", "18000/1", "Local"]);
  expect(shown).toContainEqual(["v2.autoscaling", "onstart", "17500/30", "Local"]);
  await apiServices.delete({ name: "v2.autoscaling" });
  expect((await ask("/apis/autoscaling/v2")).code).toBe(200);
});

test("the group of a custom resource has an APIService while it is served", async () => {
  const client = cluster.client();
  const widgets = { plural: "widgets", singular: "widget", kind: "Widget", listKind: "WidgetList" };
  const schema = { openAPIV3Schema: { type: "object" } };
  await client.resource(resources.customresourcedefinitions).create({
    metadata: { name: "widgets.example.org" },
    spec: {
      group: "example.org",
      scope: "Namespaced",
      names: widgets,
      versions: [{ name: "v1", served: true, storage: true, schema }],
    },
  });
  const find = async () => {
    const { items } = await client.resource(resources.apiservices).list();
    return items.find(({ metadata }) => metadata.name === "v1.example.org");
  };
  const made = await eventually(find, (service) => service !== undefined);
  expect(made).toMatchObject({
    metadata: { labels: { "kube-aggregator.kubernetes.io/automanaged": "true" } },
    spec: { group: "example.org", version: "v1", groupPriorityMinimum: 1000, versionPriority: 100 },
    status: { conditions: [{ type: "Available", status: "True", reason: "Local" }] },
  });
  await client.resource(resources.customresourcedefinitions).delete({ name: "widgets.example.org" });
  await eventually(find, (service) => service === undefined);
});

test("a namespace waits for what servers behind this one have in it, and while they are away", async () => {
  const made = await start();
  const client = cluster.client();
  let left = ["rose"];
  const answering = made.answers.get(groupPath);
  made.answers.set(groupPath, (asked) => {
    const { path, method } = asked;
    if (!path.includes("/namespaces/garden/")) return answering?.(asked);
    const apiVersion = `${group}/v1`;
    if (method === "DELETE") {
      left = left.filter((name) => !path.endsWith(`/${name}`));
      return { kind: "Status", apiVersion: "v1", metadata: {}, status: "Success" };
    }
    const items = left.map((name) => ({ metadata: { name, namespace: "garden", uid: `u-${name}` } }));
    return { apiVersion, kind: "FlowerList", metadata: {}, items };
  });
  const namespaces = client.resource(resources.namespaces);
  const there = async () => (await namespaces.list()).items.some(({ metadata }) => metadata.name === "garden");
  await namespaces.create({ metadata: { name: "garden" }, spec: {} });
  await namespaces.delete({ name: "garden" });
  await eventually(there, (is) => !is);
  expect(left).toEqual([]);

  made.stop();
  await client
    .resource(resources.services)
    .patch({ namespace: "default", name: "shop" }, "merge", { metadata: { labels: { seen: "again" } } });
  await eventually(available, ({ status }) => status === "False");
  await namespaces.create({ metadata: { name: "garden" }, spec: {} });
  await namespaces.delete({ name: "garden" });
  const stale = `${group}/v1: stale GroupVersion discovery: ${group}/v1`;
  const all = `unable to retrieve the complete list of server APIs: ${stale}`;
  const failure = async () => {
    const { status } = await namespaces.get({ name: "garden" });
    return status?.conditions?.find(({ type }) => type === "NamespaceDeletionDiscoveryFailure");
  };
  expect(await eventually(failure, (condition) => condition?.status === "True")).toMatchObject({
    reason: "DiscoveryFailed",
    message: `Discovery failed for some groups, 1 failing: ${all}`,
  });
  await client.resource(resources.apiservices).delete({ name: `v1.${group}` });
  await eventually(there, (is) => !is);
});
