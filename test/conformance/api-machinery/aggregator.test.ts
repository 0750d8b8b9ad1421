import { afterAll, beforeAll, expect, test } from "vitest";
import { type Cluster, createCluster, resources } from "../../../src/index.ts";
import { eventually } from "../../support/eventually.ts";
import { Api, type Json } from "../support/api.ts";
import { conformanceSuite } from "../support/suite.ts";

const suite = conformanceSuite({ nodes: false });

const group = "wardle.example.com";
const version = "v1alpha1";
const serviceName = `${version}.${group}`;
const apiServices = "/apis/apiregistration.k8s.io/v1/apiservices";
const own = `/apis/${group}/${version}`;

/** A whole API server of its own, which knows the other only as its front proxy. */
let sample: Cluster;
let sampleApi: Api;

beforeAll(async () => {
  const trust: Json = await suite.api.get(
    "/api/v1/namespaces/kube-system/configmaps/extension-apiserver-authentication",
  );
  const clientCa: string = trust.data["requestheader-client-ca-file"];
  const parts = { nodes: false, controllers: false, scheduler: false } as const;
  sample = await createCluster({ ...parts, frontProxy: { requestHeader: { clientCa } } });
  sampleApi = new Api(sample);
  const schema = { openAPIV3Schema: { type: "object", "x-kubernetes-preserve-unknown-fields": true } };
  await sampleApi.create("/apis/apiextensions.k8s.io/v1/customresourcedefinitions", {
    metadata: { name: `flunders.${group}` },
    spec: {
      group,
      scope: "Namespaced",
      names: { plural: "flunders", singular: "flunder", kind: "Flunder", listKind: "FlunderList" },
      versions: [{ name: version, served: true, storage: true, schema }],
    },
  });
  await eventually(
    () => sampleApi.call("GET", own),
    ({ status }) => status === 200,
  );
});
afterAll(async () => {
  sampleApi?.close();
  await sample?.stop();
});

async function register(namespace: string): Promise<void> {
  await suite.api.create(`/api/v1/namespaces/${namespace}/services`, {
    metadata: { name: "sample-api" },
    spec: { type: "ExternalName", externalName: "localhost" },
  });
  await suite.api.create(apiServices, {
    metadata: { name: serviceName },
    spec: {
      group,
      version,
      groupPriorityMinimum: 2000,
      versionPriority: 200,
      insecureSkipTLSVerify: true,
      service: { namespace, name: "sample-api", port: Number(new URL(sample.url).port) },
    },
  });
  await suite.api.until(`${apiServices}/${serviceName}`, ({ status }: Json) =>
    status?.conditions?.some((one: Json) => one.type === "Available" && one.status === "True"),
  );
}

test("aggregator-supports-the-sample-apiserver", async () => {
  const { api } = suite;
  const namespace = await suite.namespace();
  await sampleApi.create("/api/v1/namespaces", { metadata: { name: namespace } });
  await register(namespace);
  const flunders = `${own}/namespaces/${namespace}/flunders`;

  // Objects live on the other server, and are read, written, watched and deleted through this one.
  const made: Json = await api.create(flunders, {
    apiVersion: `${group}/${version}`,
    kind: "Flunder",
    metadata: { name: "test-flunder", labels: { "sample-label": "true" } },
  });
  expect(made.metadata.managedFields[0].manager).toBeDefined();
  const list: Json = await api.get(flunders);
  expect([list.kind, list.items.map((one: Json) => one.metadata.name)]).toEqual(["FlunderList", ["test-flunder"]]);
  const there: Json = await sampleApi.get(`${flunders}/test-flunder`);
  expect(there.metadata.uid).toBe(made.metadata.uid);
  await api.delete(`${flunders}/test-flunder`);
  expect(((await api.get(flunders)) as Json).items).toEqual([]);

  // The same by a client that finds out from discovery what there is.
  const flunder = { group, version, resource: "flunders", kind: "Flunder", namespaced: true };
  const dynamic = suite.cluster.client().resource(flunder);
  await dynamic.create({ metadata: { namespace, name: "dynamic-flunder" } });
  expect((await dynamic.list({ namespace })).items.map(({ metadata }) => metadata.name)).toEqual(["dynamic-flunder"]);
  await dynamic.delete({ namespace, name: "dynamic-flunder" });

  // The other server sees who asks, with this server's word for it: nobody gets in without it.
  const asNobody = await api.call("GET", flunders, { headers: { "impersonate-user": "jane" } });
  expect(asNobody.status).toBe(403);

  // The APIService itself: read, status replaced, patched, replaced, found by label, deleted.
  const services = suite.cluster.client().resource(resources.apiservices);
  const one = `${apiServices}/${serviceName}`;
  const told: Json = await api.get(`${one}/status`);
  expect(told.status.conditions[0].message).toBe("all checks passed");
  expect(((await api.patch(one, "merge", { spec: { versionPriority: 400 } })) as Json).spec.versionPriority).toBe(400);
  await api.patch(one, "strategic", { metadata: { labels: { [serviceName]: "patched" } } });
  const bare = { type: "Bare", status: "True", lastTransitionTime: null, reason: "E2E", message: "Set by e2e test" };
  const statusOfBare = { status: { conditions: [...told.status.conditions, bare] } };
  const repatched: Json = await api.patch(`${one}/status`, "strategic", statusOfBare);
  expect(repatched.status.conditions.map(({ type }: Json) => type)).toContain("Bare");
  // Who finds out from one document what there is finds it there, too.
  const accept = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList";
  const { body: groups } = await api.call("GET", "/apis", { headers: { accept } });
  const listed = groups.items.find(({ metadata }: Json) => metadata.name === group);
  expect(listed.versions[0].resources.map(({ resource }: Json) => resource)).toEqual(["flunders"]);

  const condition = { type: "StatusUpdated", status: "True", reason: "E2E", message: "Set by e2e test" };
  const current = await services.get({ name: serviceName });
  const conditions = [...(current.status?.conditions ?? []), condition];
  const updated = await services.updateStatus({ ...current, status: { conditions } });
  expect(updated.status?.conditions).toContainEqual(condition);
  await services.patch({ name: serviceName }, "merge", { metadata: { labels: { "e2e-apiservice": "patched" } } });
  const patched = await services.get({ name: serviceName });
  expect(patched.status?.conditions).toContainEqual(condition);
  const labels = { ...patched.metadata.labels, "e2e-apiservice": "updated" };
  await services.update({ ...patched, metadata: { ...patched.metadata, labels } });
  const labelSelector = "e2e-apiservice=updated";
  const found: Json = await api.get(`${apiServices}?labelSelector=${labelSelector}`);
  expect(found.items.map((one: Json) => one.metadata.name)).toEqual([serviceName]);
  await api.call("DELETE", `${apiServices}?labelSelector=${labelSelector}`);
  await eventually(
    () => api.call("GET", `/apis/${group}`),
    ({ status }) => status === 404,
  );
  expect((await api.call("GET", flunders)).status).toBe(404);
});
