import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Call, http1Client, http2Client } from "./clients.ts";
import { startTestServer, type TestServer } from "./test-server.ts";

let server: TestServer;
let call: Call;
beforeAll(async () => {
  server = await startTestServer();
  call = http1Client(server);
});
afterAll(() => server.stop());

const pods = "/api/v1/namespaces/default/pods";
const rbac = "/apis/rbac.authorization.k8s.io/v1";
const account = "/api/v1/namespaces/default/serviceaccounts/robot";

async function makeAccount(): Promise<string> {
  const body = { apiVersion: "v1", kind: "ServiceAccount", metadata: { name: "robot" } };
  await call("POST", "/api/v1/namespaces/default/serviceaccounts", { body });
  const answer = await call("POST", `${account}/token`, {
    body: { apiVersion: "authentication.k8s.io/v1", kind: "TokenRequest", spec: {} },
  });
  expect(answer.status).toBe(201);
  return answer.body.status.token;
}

describe("who", () => {
  it("is told by a client certificate", async () => {
    const { body } = await call("POST", "/apis/authentication.k8s.io/v1/selfsubjectreviews", {
      as: "alice",
      body: { apiVersion: "authentication.k8s.io/v1", kind: "SelfSubjectReview" },
    });
    expect(body.status.userInfo).toMatchObject({ username: "alice", groups: ["team-a", "system:authenticated"] });
    expect(body.status.userInfo.extra["authentication.kubernetes.io/credential-id"][0]).toMatch(
      /^X509SHA256=[0-9a-f]{64}$/,
    );
  });

  it("can be told by other servers, too: the authority of client certificates is published", async () => {
    const config = "/api/v1/namespaces/kube-system/configmaps/extension-apiserver-authentication";
    const { body } = await call("GET", config);
    expect(body.data["client-ca-file"]).toMatch(/^-----BEGIN CERTIFICATE-----/);
  });

  it("is unknown with a certificate of another authority", async () => {
    expect((await call("GET", pods, { as: "stranger" })).body).toEqual({
      kind: "Status",
      apiVersion: "v1",
      metadata: {},
      status: "Failure",
      message: "Unauthorized",
      reason: "Unauthorized",
      code: 401,
    });
  });

  it("is anonymous without credentials: may ask for health and version, and nothing else", async () => {
    expect((await call("GET", "/healthz", { as: null })).text).toBe("ok");
    expect((await call("GET", "/version", { as: null })).status).toBe(200);
    expect((await call("GET", "/metrics", { as: null })).body.message).toBe(
      'forbidden: User "system:anonymous" cannot get path "/metrics"',
    );
    expect((await call("GET", pods, { as: null })).body).toMatchObject({
      code: 403,
      details: { kind: "pods" },
      message:
        'pods is forbidden: User "system:anonymous" cannot list resource "pods" in API group "" in the namespace "default"',
    });
  });

  it("is refused with a token that nobody issued", async () => {
    const answer = await call("GET", pods, { as: null, headers: { authorization: "Bearer junk" } });
    expect(answer.status).toBe(401);
  });

  it("is a service account with its token, as long as the account lives", async () => {
    const token = await makeAccount();
    const headers = { authorization: `Bearer ${token}` };
    const review = { apiVersion: "authentication.k8s.io/v1", kind: "SelfSubjectReview" };
    const ask = () =>
      call("POST", "/apis/authentication.k8s.io/v1/selfsubjectreviews", { as: null, headers, body: review });
    expect((await ask()).body.status.userInfo).toMatchObject({
      username: "system:serviceaccount:default:robot",
      groups: ["system:serviceaccounts", "system:serviceaccounts:default", "system:authenticated"],
    });
    const tampered = `${token.slice(0, -4)}AAAA`;
    expect((await call("GET", pods, { as: null, headers: { authorization: `Bearer ${tampered}` } })).status).toBe(401);
    const { body } = await call("POST", "/apis/authentication.k8s.io/v1/tokenreviews", {
      body: { apiVersion: "authentication.k8s.io/v1", kind: "TokenReview", spec: { token } },
    });
    expect(body.status).toMatchObject({
      authenticated: true,
      user: { username: "system:serviceaccount:default:robot" },
    });
    await call("DELETE", account);
    const fresh = await call("POST", "/apis/authentication.k8s.io/v1/tokenreviews", {
      body: {
        apiVersion: "authentication.k8s.io/v1",
        kind: "TokenReview",
        spec: { token, audiences: ["https://kubernetes.default.svc.cluster.local", "x"] },
      },
    });
    expect(fresh.body.status).toMatchObject({ error: "invalid bearer token" });
  });

  it("is a machine that is to join, with a bootstrap token", async () => {
    const headers = { authorization: "Bearer abcdef.0123456789abcdef" };
    const review = { apiVersion: "authentication.k8s.io/v1", kind: "SelfSubjectReview" };
    const ask = () =>
      call("POST", "/apis/authentication.k8s.io/v1/selfsubjectreviews", { as: null, headers, body: review });
    expect((await ask()).status).toBe(401);
    const stringData = {
      "token-id": "abcdef",
      "token-secret": "0123456789abcdef",
      "usage-bootstrap-authentication": "true",
    };
    const metadata = { name: "bootstrap-token-abcdef" };
    const body = { metadata, type: "bootstrap.kubernetes.io/token", stringData };
    expect((await call("POST", "/api/v1/namespaces/kube-system/secrets", { body })).status).toBe(201);
    expect((await ask()).body.status.userInfo).toMatchObject({
      username: "system:bootstrap:abcdef",
      groups: ["system:bootstrappers", "system:authenticated"],
    });
  });

  it("publishes the key with which tokens can be checked", async () => {
    const { keys } = (await call("GET", "/openid/v1/jwks")).body;
    expect(keys[0]).toMatchObject({ use: "sig", kty: "EC", alg: "ES256", crv: "P-256" });
    const configuration = (await call("GET", "/.well-known/openid-configuration")).body;
    expect(configuration).toMatchObject({ issuer: "https://kubernetes.default.svc.cluster.local" });
  });
});

describe("what", () => {
  it("a role grants is allowed as soon as it is bound, in its namespace alone", async () => {
    expect((await call("GET", pods, { as: "alice" })).status).toBe(403);
    const created = await call("POST", `${rbac}/namespaces/default/rolebindings`, {
      body: {
        apiVersion: "rbac.authorization.k8s.io/v1",
        kind: "RoleBinding",
        metadata: { name: "view-team-a" },
        roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: "view" },
        subjects: [{ apiGroup: "rbac.authorization.k8s.io", kind: "Group", name: "team-a" }],
      },
    });
    expect(created.status).toBe(201);
    expect((await call("GET", pods, { as: "alice" })).status).toBe(200);
    expect((await call("GET", "/api/v1/namespaces/default/secrets", { as: "alice" })).status).toBe(403);
    expect((await call("GET", "/api/v1/namespaces/kube-system/pods", { as: "alice" })).status).toBe(403);
    expect((await call("GET", "/api/v1/pods", { as: "alice" })).body.message).toBe(
      'pods is forbidden: User "alice" cannot list resource "pods" in API group "" at the cluster scope',
    );
    await call("DELETE", `${rbac}/namespaces/default/rolebindings/view-team-a`);
    expect((await call("GET", pods, { as: "alice" })).status).toBe(403);
  });

  it("nobody holds is not granted by him to others", async () => {
    const binding = (name: string, role: string) => ({
      apiVersion: "rbac.authorization.k8s.io/v1",
      kind: "RoleBinding",
      metadata: { name },
      roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: role },
      subjects: [{ apiGroup: "rbac.authorization.k8s.io", kind: "User", name: "alice" }],
    });
    const roleBindings = `${rbac}/namespaces/default/rolebindings`;
    await call("POST", roleBindings, { body: binding("alice-admin", "admin") });
    expect((await call("POST", roleBindings, { as: "alice", body: binding("ok", "view") })).status).toBe(201);
    const refused = await call("POST", roleBindings, { as: "alice", body: binding("no", "system:kube-scheduler") });
    expect(refused.status).toBe(403);
    expect(refused.body.message).toContain(
      'rolebindings.rbac.authorization.k8s.io "no" is forbidden: user "alice" (groups=["team-a" "system:authenticated"]) is attempting to grant RBAC permissions not currently held:\n{APIGroups:',
    );
    const role = (rules: object[]) => ({
      apiVersion: "rbac.authorization.k8s.io/v1",
      kind: "Role",
      metadata: { name: "r" },
      rules,
    });
    const secrets = [{ apiGroups: [""], resources: ["secrets"], verbs: ["get"] }];
    const nodes = [{ apiGroups: [""], resources: ["nodes"], verbs: ["delete", "get"] }];
    const create = (rules: object[]) =>
      call("POST", `${rbac}/namespaces/default/roles`, { as: "alice", body: role(rules) });
    expect((await create(nodes)).body.message).toMatch(
      /not currently held:\n\{APIGroups:\[""\], Resources:\["nodes"\], Verbs:\["delete" "get"\]\}$/,
    );
    expect((await create(secrets)).status).toBe(201);
    await call("DELETE", `${roleBindings}/alice-admin`);
    await call("DELETE", `${roleBindings}/ok`);
  });

  it("somebody else may do is seen by who may impersonate", async () => {
    const as = { "impersonate-user": "bob", "impersonate-group": "system:masters" };
    expect((await call("GET", pods, { headers: { "impersonate-user": "bob" } })).body.message).toContain('User "bob"');
    expect((await call("GET", pods, { headers: as })).status).toBe(200);
    expect((await call("GET", pods, { as: "alice", headers: as })).body.message).toBe(
      'users "bob" is forbidden: User "alice" cannot impersonate resource "users" in API group "" at the cluster scope',
    );
    expect((await call("GET", pods, { headers: { "impersonate-group": "x" } })).status).toBe(400);
  });

  it("is refused in process exactly as over HTTP", async () => {
    const request = { group: "", version: "v1", resource: "pods", namespace: "default", options: {} } as const;
    const user = { name: "bob", groups: ["system:authenticated"] };
    await expect(server.server.handler.handle({ ...request, verb: "list", user })).rejects.toMatchObject({
      status: { code: 403, reason: "Forbidden" },
    });
    const sink = { events() {}, end() {} };
    await expect(server.server.handler.watch({ ...request, verb: "watch", user }, sink)).rejects.toMatchObject({
      status: { code: 403 },
    });
  });
});

describe("how much", () => {
  it("is bounded: above the limit a request gets 429, an administrator's does not", async () => {
    const config = { maxMutatingRequestsInFlight: 1, enablePriorityAndFairness: false };
    const limited = await startTestServer({ config });
    const send = http2Client(limited);
    await send("POST", `${rbac}/clusterrolebindings`, {
      body: {
        apiVersion: "rbac.authorization.k8s.io/v1",
        kind: "ClusterRoleBinding",
        metadata: { name: "alice" },
        roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: "edit" },
        subjects: [{ apiGroup: "rbac.authorization.k8s.io", kind: "User", name: "alice" }],
      },
    });
    const { request } = await import("node:https");
    const { ca, alice } = limited.certificates;
    const path = "/api/v1/namespaces/default/configmaps";
    const base = { host: "127.0.0.1", port: limited.listener.port, ca, cert: alice.cert, key: alice.key };
    const slow = request({ ...base, path, method: "POST", headers: { "content-length": 100 } });
    slow.on("error", () => {});
    await new Promise<void>((resolve) => slow.write("{", () => resolve()));
    const object = (name: string) => ({ body: { apiVersion: "v1", kind: "ConfigMap", metadata: { name } } });
    let refused = await send("POST", path, { as: "alice", ...object("a0") });
    for (let i = 1; refused.status !== 429 && i < 20; i++) {
      refused = await send("POST", path, { as: "alice", ...object(`a${i}`) });
    }
    expect(refused.status).toBe(429);
    expect(refused.headers["retry-after"]).toBe("1");
    expect(refused.text).toBe("Too many requests, please try again later.\n");
    expect((await send("GET", path, { as: "alice" })).status).toBe(200);
    expect((await send("POST", path, object("admin"))).status).toBe(201);
    slow.destroy();
    await limited.stop();
  });

  it("is shared among priority levels, which every answer names", async () => {
    const server = await startTestServer();
    const send = http2Client(server);
    const flowcontrol = "/apis/flowcontrol.apiserver.k8s.io/v1";
    const uidOf = async (resource: string, name: string) =>
      JSON.parse((await send("GET", `${flowcontrol}/${resource}/${name}`)).text).metadata.uid;
    const expectNamed = async (headers: Record<string, unknown>, schema: string, level: string) => {
      expect(headers["x-kubernetes-pf-flowschema-uid"]).toBe(await uidOf("flowschemas", schema));
      expect(headers["x-kubernetes-pf-prioritylevel-uid"]).toBe(await uidOf("prioritylevelconfigurations", level));
    };
    const admin = await send("GET", "/api/v1/namespaces");
    await expectNamed(admin.headers, "exempt", "exempt");
    const alice = await send("GET", "/api/v1/namespaces", { as: "alice" });
    expect(alice.status).toBe(403);
    await expectNamed(alice.headers, "global-default", "global-default");
    const { text } = await send("GET", "/debug/api_priority_and_fairness/dump_priority_levels");
    expect(text).toMatch(/^PriorityLevelName, +ActiveQueues, IsIdle, /);
    expect(text).toMatch(/^global-default, +0, +true, +false, +0, +0, +1, +0, +0, +0,$/m);
    await server.stop();
  });
});
