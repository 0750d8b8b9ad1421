import { request } from "node:https";
import { createServer } from "node:net";
import { afterEach, expect, test } from "vitest";
import { type ComponentServer, serveComponent } from "../../../src/cli/component-server.ts";
import { type Cluster, createCluster, resources, systemHost } from "../../../src/index.ts";

let cluster: Cluster | undefined;
let server: ComponentServer | undefined;
afterEach(async () => {
  await server?.close();
  await cluster?.stop();
});

async function freePort(): Promise<number> {
  const probe = createServer();
  await new Promise<void>((resolve) => probe.listen(0, "127.0.0.1", resolve));
  const { port } = probe.address() as { port: number };
  await new Promise((resolve) => probe.close(resolve));
  return port;
}

function get(port: number, path: string, token?: string): Promise<{ code: number | undefined; text: string }> {
  const headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
  return new Promise((resolve, reject) => {
    const outgoing = request(
      { host: "127.0.0.1", port, path, headers, rejectUnauthorized: false, agent: false },
      (response) => {
        const parts: Buffer[] = [];
        response.on("data", (part: Buffer) => parts.push(part));
        response.on("end", () => resolve({ code: response.statusCode, text: Buffer.concat(parts).toString() }));
      },
    );
    outgoing.on("error", reject);
    outgoing.end();
  });
}

test("a component's port tells anybody of its health, and its metrics to those who may read them", async () => {
  cluster = await createCluster({ nodes: false, controllers: false, scheduler: false });
  const client = cluster.client();
  const host = systemHost({ log: { level: "error" } });
  host.metrics.counter({ name: "made_up_total", help: "For this test." }).inc();
  let wrong: string | undefined;
  const securePort = await freePort();
  server = await serveComponent({
    name: "kube-controller-manager",
    host,
    client,
    flags: {
      securePort,
      bindAddress: "127.0.0.1",
      authorizationAlwaysAllowPaths: ["/healthz", "/readyz", "/livez", "/livez/*"],
    },
    checks: { ping: () => undefined, leaderElection: () => wrong },
  });
  expect(await get(securePort, "/healthz")).toEqual({ code: 200, text: "ok" });
  expect((await get(securePort, "/livez/toString")).code).toBe(404);
  expect((await get(securePort, "/livez?verbose")).text).toBe("[+]ping ok\n[+]leaderElection ok\nlivez check passed\n");
  wrong = "the lead was lost";
  expect(await get(securePort, "/healthz")).toMatchObject({ code: 500 });
  expect((await get(securePort, "/metrics")).code).toBe(403);
  expect((await get(securePort, "/metrics", "nonsense")).code).toBe(401);
  const robot = { namespace: "default", name: "robot" };
  await client.resource(resources.serviceaccounts).create({ metadata: robot });
  const asked = { apiVersion: "authentication.k8s.io/v1", kind: "TokenRequest", spec: { expirationSeconds: 600 } };
  const { status } = await client
    .resource(resources.serviceaccounts)
    .subresource<{ status?: { token?: string } }>("token")
    .create(robot, asked);
  expect(await get(securePort, "/metrics", status?.token)).toEqual({
    code: 403,
    text: 'forbidden: User "system:serviceaccount:default:robot" cannot get path "/metrics"\n',
  });
  const rules = [{ nonResourceURLs: ["/metrics"], verbs: ["get"] }];
  const metadata = { name: "metrics-reader" };
  await client.resource(resources.clusterroles).create({ metadata, rules });
  const { namespace, name } = { namespace: "default", name: "reader" };
  await client.resource(resources.serviceaccounts).create({ metadata: { namespace, name } });
  await client.resource(resources.clusterrolebindings).create({
    metadata,
    roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: "metrics-reader" },
    subjects: [{ kind: "ServiceAccount", namespace, name }],
  });
  const reader = await client
    .resource(resources.serviceaccounts)
    .subresource<{ status?: { token?: string } }>("token")
    .create({ namespace, name }, asked);
  const metrics = await get(securePort, "/metrics", reader.status?.token);
  expect(metrics.code).toBe(200);
  expect(metrics.text).toContain("made_up_total 1");
});
