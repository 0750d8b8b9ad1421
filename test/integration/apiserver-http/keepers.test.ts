import { afterAll, beforeAll, expect, test } from "vitest";
import { eventually } from "../../support/eventually.ts";
import { type Call, http1Client } from "./clients.ts";
import { startTestServer, type TestServer } from "./test-server.ts";

let server: TestServer;
let call: Call;

beforeAll(async () => {
  server = await startTestServer();
  call = http1Client(server);
});

afterAll(() => server?.stop());

const flow = "/apis/flowcontrol.apiserver.k8s.io/v1";
const registration = "/apis/apiregistration.k8s.io/v1/apiservices";

interface Condition {
  readonly type: string;
  readonly status: string;
  readonly reason: string;
}

function matching(wanted: Partial<Condition>): (got: Condition | undefined) => boolean {
  return (got) =>
    got !== undefined && Object.entries(wanted).every(([key, value]) => got[key as keyof Condition] === value);
}

async function condition(path: string): Promise<Condition | undefined> {
  return (await call("GET", path)).body.status?.conditions?.[0];
}

test("every default flow schema names a priority level that exists", async () => {
  const { items } = (await call("GET", `${flow}/flowschemas`)).body;
  expect(items.length).toBe(13);
  for (const { metadata } of items) {
    await eventually(
      () => condition(`${flow}/flowschemas/${metadata.name}`),
      matching({
        type: "Dangling",
        status: "False",
      }),
    );
  }
});

test("a flow schema dangles until its priority level is made", async () => {
  const spec = { priorityLevelConfiguration: { name: "later" } };
  await call("POST", `${flow}/flowschemas`, { body: { metadata: { name: "waits" }, spec } });
  await eventually(() => condition(`${flow}/flowschemas/waits`), matching({ status: "True", reason: "NotFound" }));
  const limited = { nominalConcurrencyShares: 1, limitResponse: { type: "Reject" } };
  const level = { metadata: { name: "later" }, spec: { type: "Limited", limited } };
  expect((await call("POST", `${flow}/prioritylevelconfigurations`, { body: level })).status).toBe(201);
  await eventually(() => condition(`${flow}/flowschemas/waits`), matching({ status: "False", reason: "Found" }));
});

test("an API service tells that its service is missing, or listens elsewhere", async () => {
  const spec = { group: "g.example.org", version: "v1", groupPriorityMinimum: 1, versionPriority: 1 };
  const service = { namespace: "default", name: "backend", port: 443 };
  const body = { metadata: { name: "v1.g.example.org" }, spec: { ...spec, insecureSkipTLSVerify: true, service } };
  expect((await call("POST", registration, { body })).status).toBe(201);
  await eventually(() => condition(`${registration}/v1.g.example.org`), matching({ reason: "ServiceNotFound" }));
  const elsewhere = { metadata: { name: "backend" }, spec: { ports: [{ port: 80 }] } };
  await call("POST", "/api/v1/namespaces/default/services", { body: elsewhere });
  await eventually(
    () => condition(`${registration}/v1.g.example.org`),
    matching({
      type: "Available",
      status: "False",
      reason: "ServicePortError",
    }),
  );
});
