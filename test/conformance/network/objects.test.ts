import { expect, test } from "vitest";
import type { Json } from "../support/api.ts";
import { expectLifecycle, expectStatusChanges } from "../support/lifecycle.ts";
import { core } from "../support/paths.ts";
import { conformanceSuite } from "../support/suite.ts";

const suite = conformanceSuite({ nodes: { count: 1 } });

const networking = { group: "networking.k8s.io", version: "v1" };

test("Ingress API", async () => {
  const namespace = await suite.namespace();
  const backend = { service: { name: "default-backend", port: { number: 80 } } };
  const spec = {
    defaultBackend: backend,
    rules: [{ host: "foo.bar.com", http: { paths: [{ path: "/", pathType: "Exact", backend }] } }],
  };
  await expectLifecycle(suite.api, {
    ...networking,
    resource: "ingresses",
    namespace,
    subresources: ["status"],
    object: (name, labels) => ({ metadata: { name, labels }, spec }),
  });
  const path = `/apis/networking.k8s.io/v1/namespaces/${namespace}/ingresses`;
  await suite.api.create(path, { metadata: { name: "with-status" }, spec });
  await expectStatusChanges(
    suite.api,
    `${path}/with-status`,
    { loadBalancer: { ingress: [{ ip: "169.1.1.1" }] } },
    (status) => {
      status.loadBalancer = { ingress: [{ ip: "169.1.1.2" }] };
    },
  );
});

test("IngressClass API", async () => {
  await expectLifecycle(suite.api, {
    ...networking,
    resource: "ingressclasses",
    object: (name, labels) => ({ metadata: { name, labels }, spec: { controller: "example.com/controller" } }),
  });
});

test("EndpointSlice API", async () => {
  const namespace = await suite.namespace();
  await expectLifecycle(suite.api, {
    group: "discovery.k8s.io",
    version: "v1",
    resource: "endpointslices",
    namespace,
    object: (name, labels) => ({
      metadata: { name, labels },
      addressType: "IPv4",
      endpoints: [{ addresses: ["1.2.3.4"] }],
      ports: [{ name: "http", port: 80, protocol: "TCP" }],
    }),
  });
});

test("Endpoint resource lifecycle", async () => {
  const { api } = suite;
  const namespace = await suite.namespace();
  const path = core(namespace, "endpoints");
  const subset = { addresses: [{ ip: "10.0.0.24" }], ports: [{ name: "http", port: 80, protocol: "TCP" }] };
  const watching = await api.watch(path);
  await api.create(path, {
    metadata: { name: "testservice", labels: { "test-endpoint-static": "true" } },
    subsets: [subset],
  });
  await watching.next(({ type }) => type === "ADDED");
  const everywhere = await api.get("/api/v1/endpoints?labelSelector=test-endpoint-static%3Dtrue");
  expect(everywhere.items.map((item: Json) => item.metadata.name)).toEqual(["testservice"]);
  await api.edit(`${path}/testservice`, (object) => {
    object.metadata.labels["test-service"] = "updated";
  });
  await watching.next(({ object }) => object.metadata.labels["test-service"] === "updated");
  const patch = {
    metadata: { labels: { "test-service": "patched" } },
    subsets: [{ addresses: [{ ip: "10.0.0.25" }], ports: [{ name: "http-test", port: 8080 }] }],
  };
  await api.patch(`${path}/testservice`, "strategic", patch);
  const patched = await api.get(`${path}/testservice`);
  expect(patched.metadata.labels["test-service"]).toBe("patched");
  expect(patched.subsets[0]).toMatchObject({
    addresses: [{ ip: "10.0.0.25" }],
    ports: [{ name: "http-test", port: 8080 }],
  });
  await api.delete(`${path}?labelSelector=test-endpoint-static%3Dtrue`);
  await watching.next(({ type }) => type === "DELETED");
  watching.stop();
  expect(await api.statusOf(`${path}/testservice`)).toBe(404);
});

test("IPAddress API", async () => {
  const { api } = suite;
  let next = 0;
  // Names of addresses are the addresses: the lifecycle is done with its own.
  const path = "/apis/networking.k8s.io/v1/ipaddresses";
  const make = (labels: Record<string, string>) =>
    api.create(path, {
      metadata: { name: `192.168.77.${++next}`, labels },
      spec: { parentRef: { group: "", resource: "services", namespace: "default", name: "none" } },
    });
  const labels = { "conformance-run": "ipaddress" };
  const made = [await make(labels), await make(labels), await make(labels)];
  const [first, second] = made.map((object) => object.metadata.name);
  expect((await api.get(`${path}/${first}`)).spec).toEqual(made[0].spec);
  const select = "labelSelector=conformance-run%3Dipaddress";
  const list = await api.get(`${path}?${select}`);
  expect(list.items).toHaveLength(3);
  const watching = await api.watch(path, `${select}&resourceVersion=${list.metadata.resourceVersion}`);
  await api.patch(`${path}/${first}`, "merge", { metadata: { annotations: { patched: "true" } } });
  const updated = await api.edit(`${path}/${first}`, (object) => {
    object.metadata.annotations.updated = "true";
  });
  expect(updated.metadata.annotations).toEqual({ patched: "true", updated: "true" });
  await watching.next(({ type, object }) => type === "MODIFIED" && object.metadata.annotations.updated === "true");
  await api.delete(`${path}/${second}`);
  await watching.next(({ type, object }) => type === "DELETED" && object.metadata.name === second);
  await api.delete(`${path}?${select}`);
  watching.stop();
  await api.untilList(`${path}?${select}`, (items) => items.length === 0);
});

test("ServiceCIDR API", async () => {
  const { api } = suite;
  const path = "/apis/networking.k8s.io/v1/servicecidrs";
  const { items } = await api.get(path);
  expect(items.map((item: Json) => item.metadata.name)).toContain("kubernetes");
  let next = 0;
  await expectLifecycle(api, {
    ...networking,
    resource: "servicecidrs",
    subresources: ["status"],
    object: (name, labels) => ({ metadata: { name, labels }, spec: { cidrs: [`10.${200 + ++next}.0.0/24`] } }),
  });
  await api.create(path, { metadata: { name: "with-status" }, spec: { cidrs: ["10.250.0.0/24"] } });
  const condition = {
    type: "Tested",
    status: "True",
    reason: "Test",
    message: "",
    lastTransitionTime: "2026-01-01T00:00:00Z",
  };
  await expectStatusChanges(api, `${path}/with-status`, { conditions: [condition] }, (status) => {
    status.conditions = [{ ...condition, message: "updated" }];
  });
});
