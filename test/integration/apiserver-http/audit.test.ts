import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Audit, AuditLogFile, type AuditLogOptions, readAuditPolicy } from "../../../src/apiserver/index.ts";
import { systemHost } from "../../../src/host/index.ts";
import { http1Client, http2Client } from "./clients.ts";
import { startTestServer, type TestServer } from "./test-server.ts";

interface Event {
  readonly level: string;
  readonly stage: string;
  readonly verb: string;
  readonly auditID: string;
  readonly requestURI: string;
  readonly user: { readonly username: string };
  readonly impersonatedUser?: { readonly username: string };
  readonly objectRef?: Record<string, string>;
  readonly responseStatus?: Record<string, unknown>;
  readonly requestObject?: { metadata: Record<string, unknown> };
  readonly responseObject?: { metadata: Record<string, unknown>; items?: unknown[] };
  readonly annotations?: Record<string, string>;
}

let folder: string;
let server: TestServer | undefined;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "sampan-audit-"));
});
afterEach(async () => {
  await server?.stop();
  server = undefined;
  rmSync(folder, { recursive: true, force: true });
});

const configMaps = "/api/v1/namespaces/default/configmaps";
const configMap = (name: string) => ({ apiVersion: "v1", kind: "ConfigMap", metadata: { name }, data: { a: "1" } });

/** Rules are YAML, one a line. */
async function start(rules: readonly string[], log: Partial<AuditLogOptions> = {}): Promise<TestServer> {
  const file = join(folder, "policy.yaml");
  const lines = rules.map((rule) => `- ${rule}\n`).join("");
  writeFileSync(file, `apiVersion: audit.k8s.io/v1\nkind: Policy\nrules:\n${lines}`);
  const host = systemHost({ log: { level: "error" } });
  const options = { path: join(folder, "audit.log"), ...log };
  const audit = new Audit(await readAuditPolicy(file), new AuditLogFile(options, host.clock), host);
  server = await startTestServer({ config: { audit } });
  return server;
}

/** Those of one path, without the query. */
function events(path: string): Event[] {
  const lines = readFileSync(join(folder, "audit.log"), "utf8").trim().split("\n");
  const all = lines.filter((line) => line !== "").map((line) => JSON.parse(line) as Event);
  return all.filter(({ requestURI }) => requestURI.split("?")[0] === path);
}

describe("the audit log", () => {
  it.each([
    ["HTTP/1.1", http1Client],
    ["HTTP/2", http2Client],
  ])("tells of a request over %s when it comes and when it is answered", async (_, clientOf) => {
    const call = clientOf(await start(["{level: Metadata}"]));
    const answer = await call("POST", configMaps, { body: configMap("a") });
    expect(answer.status).toBe(201);
    const [received, complete, ...others] = events(configMaps);
    expect(others).toEqual([]);
    expect(received).toMatchObject({ level: "Metadata", stage: "RequestReceived", verb: "create" });
    expect(received?.responseStatus).toBeUndefined();
    expect(complete).toMatchObject({
      kind: "Event",
      apiVersion: "audit.k8s.io/v1",
      stage: "ResponseComplete",
      auditID: received?.auditID,
      sourceIPs: ["127.0.0.1"],
      objectRef: { resource: "configmaps", namespace: "default", name: "a", apiVersion: "v1" },
      responseStatus: { metadata: {}, code: 201 },
      annotations: { "authorization.k8s.io/decision": "allow" },
    });
    expect(complete).not.toHaveProperty("requestObject");
    expect(complete).not.toHaveProperty("responseObject");
    expect(complete).toHaveProperty("requestReceivedTimestamp", expect.stringMatching(/T\d\d:\d\d:\d\d\.\d{6}Z$/));
  });

  it("has what was sent, what was answered, or neither, by the first rule that fits", async () => {
    const call = http1Client(
      await start([
        '{level: None, users: ["nobody-else"]}',
        '{level: RequestResponse, omitManagedFields: true, resources: [{group: "", resources: ["configmaps"]}]}',
        '{level: Request, resources: [{group: "", resources: ["secrets"]}], omitStages: ["RequestReceived"]}',
        '{level: Metadata, nonResourceURLs: ["/version*"]}',
      ]),
    );
    await call("POST", configMaps, { body: configMap("a") });
    const made = events(configMaps).at(-1);
    expect(made?.requestObject?.metadata).toEqual({ name: "a" });
    expect(made?.responseObject?.metadata).toHaveProperty("uid");
    expect(made?.responseObject?.metadata).not.toHaveProperty("managedFields");
    await call("GET", configMaps);
    expect(events(configMaps).at(-1)?.responseObject?.items).not.toHaveLength(0);
    const secrets = "/api/v1/namespaces/default/secrets";
    await call("POST", secrets, { body: { apiVersion: "v1", kind: "Secret", metadata: { name: "s" } } });
    const [secret, ...more] = events(secrets);
    expect(more).toEqual([]);
    expect(secret?.requestObject).toBeDefined();
    expect(secret?.responseObject).toBeUndefined();
    await call("GET", "/version");
    expect(events("/version").map(({ verb }) => verb)).toEqual(["get", "get"]);
    await call("GET", "/api/v1/namespaces/default/pods");
    expect(events("/api/v1/namespaces/default/pods")).toEqual([]);
  });

  it("tells why something was refused, and whom somebody impersonated", async () => {
    const call = http1Client(await start(["{level: RequestResponse}"]));
    await call("GET", configMaps, { headers: { "impersonate-user": "bob" } });
    const refused = events(configMaps).at(-1);
    expect(refused?.impersonatedUser).toMatchObject({ username: "bob", groups: ["system:authenticated"] });
    expect(refused?.responseStatus).toMatchObject({ status: "Failure", reason: "Forbidden", code: 403 });
    expect(refused?.annotations).toMatchObject({ "authorization.k8s.io/decision": "forbid" });
    await call("GET", `${configMaps}/none`);
    expect(events(`${configMaps}/none`).at(-1)?.responseStatus).toMatchObject({ reason: "NotFound", code: 404 });
    await call("GET", configMaps, { as: null, headers: { authorization: "Bearer wrong" } });
    expect(events(configMaps).at(-1)).toMatchObject({ user: { username: "" }, responseStatus: { code: 401 } });
  });

  it("tells of a watch when it begins and when it has ended", async () => {
    const call = http1Client(await start(["{level: Metadata}"]));
    await call("GET", `${configMaps}?watch=true&timeoutSeconds=1`);
    // The server learns of the end when its last bytes are sent.
    await vi.waitFor(() => {
      const told = events(configMaps).map(({ stage }) => stage);
      expect(told).toEqual(["RequestReceived", "ResponseStarted", "ResponseComplete"]);
    });
  });

  it("keeps notes of admission: what pod security would say", async () => {
    const call = http1Client(await start(["{level: Metadata}"]));
    const labels = { "pod-security.kubernetes.io/audit": "restricted" };
    await call("POST", "/api/v1/namespaces", {
      body: { apiVersion: "v1", kind: "Namespace", metadata: { name: "n", labels } },
    });
    const account = { apiVersion: "v1", kind: "ServiceAccount", metadata: { name: "default" } };
    await call("POST", "/api/v1/namespaces/n/serviceaccounts", { body: account });
    const spec = { containers: [{ name: "c", image: "i" }] };
    await call("POST", "/api/v1/namespaces/n/pods", {
      body: { apiVersion: "v1", kind: "Pod", metadata: { name: "p" }, spec },
    });
    const { annotations = {} } = events("/api/v1/namespaces/n/pods").at(-1) ?? {};
    expect(annotations["pod-security.kubernetes.io/enforce-policy"]).toBe("privileged:latest");
    expect(annotations["pod-security.kubernetes.io/audit-violations"]).toMatch(
      /^would violate PodSecurity "restricted/,
    );
  });

  it("begins a new file when one is full, and keeps as many old ones as it is told", async () => {
    const call = http1Client(await start(["{level: RequestResponse}"], { maxSizeMiB: 1, maxBackups: 2 }));
    const data = { a: "x".repeat(300_000) };
    for (let i = 0; i < 12; i++) await call("POST", configMaps, { body: { ...configMap(`big-${i}`), data } });
    const files = readdirSync(folder).filter((name) => name.startsWith("audit"));
    expect(files).toHaveLength(3);
    expect(files.filter((name) => /^audit-\d{4}-\d\d-\d\dT\d\d-\d\d-\d\d\.\d{3}\.log$/.test(name))).toHaveLength(2);
  });

  it("can be written as lines of the old form", async () => {
    const call = http1Client(await start(["{level: Metadata}"], { format: "legacy" }));
    await call("GET", "/version");
    expect(readFileSync(join(folder, "audit.log"), "utf8")).toMatch(
      /^\S+Z AUDIT: id="[^"]+" stage="RequestReceived" ip="127\.0\.0\.1" method="get" user="[^"]*" groups=.* as="<self>" asgroups="?<lookup>"? user-agent=".*" namespace="<none>" uri="\/version" response="<deferred>"/m,
    );
  });
});

describe("an audit policy", () => {
  it.each([
    ["rules: []", "loaded illegal policy with 0 rules"],
    ["rules: [{level: Some}]", 'rules[0].level: Unsupported value: "Some": supported values: "None", "Metadata"'],
    ["rules: [{}]", "rules[0].level: Required value"],
    ["rules: [{level: None, namespaces: [a], nonResourceURLs: [/x]}]", "rules cannot apply to both regular resources"],
    ["rules: [{level: None, nonResourceURLs: [x]}]", "must begin with a '/' character"],
    ["rules: [{level: None, nonResourceURLs: ['/*/x']}]", "must be the final character of the rule"],
    ["rules: [{level: None, omitStages: [Never]}]", "allowed stages are RequestReceived,ResponseStarted"],
    ["rules: [{level: None, resources: [{resourceNames: [x]}]}]", "using resourceNames requires at least one resource"],
  ])("is refused at the start: %s", async (rules, why) => {
    const file = join(folder, "policy.yaml");
    writeFileSync(file, `apiVersion: audit.k8s.io/v1\nkind: Policy\n${rules}\n`);
    await expect(readAuditPolicy(file)).rejects.toThrow(why);
    expect(existsSync(join(folder, "audit.log"))).toBe(false);
  });
});
