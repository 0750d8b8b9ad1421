import { expect, test } from "vitest";
import type { Json } from "../support/api.ts";
import { core, labelled, pods } from "../support/paths.ts";
import { conformanceSuite } from "../support/suite.ts";
import { container, isReady, pod } from "../support/workloads.ts";

const suite = conformanceSuite({ nodes: { count: 2 } });

const services = (namespace: string) => core(namespace, "services");
const endpoints = (namespace: string) => core(namespace, "endpoints");
const slices = (namespace: string) => `/apis/discovery.k8s.io/v1/namespaces/${namespace}/endpointslices`;
const slicesOf = (namespace: string, service: string) =>
  `${slices(namespace)}?${labelled(`kubernetes.io/service-name=${service}`)}`;

async function serve(namespace: string, name: string, spec: Json): Promise<Json> {
  return suite.api.create(services(namespace), { metadata: { name }, spec });
}

/** Addresses and ports that the endpoints name, as `ip:port/name`. */
function targets(object: Json): string[] {
  return (object.subsets ?? []).flatMap(({ addresses = [], ports = [] }: Json) =>
    addresses.flatMap(({ ip }: Json) => ports.map((port: Json) => `${ip}:${port.port}/${port.name ?? ""}`)),
  );
}

async function untilTargets(namespace: string, service: string, expected: (ips: Json) => string[], names: string[]) {
  const ips: Record<string, string> = {};
  for (const name of names) ips[name] = (await suite.api.until(`${pods(namespace)}/${name}`, isReady)).status.podIP;
  const wanted = expected(ips).sort();
  await suite.api.until(
    `${endpoints(namespace)}/${service}`,
    (object) => JSON.stringify(targets(object).sort()) === JSON.stringify(wanted),
  );
  await suite.api.untilList(slicesOf(namespace, service), (items) => {
    const found = items.flatMap(({ endpoints: ends = [], ports = [] }) =>
      (ends ?? []).flatMap((end: Json) =>
        end.addresses.flatMap((ip: string) =>
          (ports ?? []).map((port: Json) => `${ip}:${port.port}/${port.name ?? ""}`),
        ),
      ),
    );
    return JSON.stringify(found.sort()) === JSON.stringify(wanted);
  });
}

function serving(name: string, labels: Record<string, string>, ports: Json): Json {
  return pod(name, {
    metadata: { labels },
    spec: { terminationGracePeriodSeconds: 0, containers: [container({ image: "nginx", ports })] },
  });
}

test("Kubernetes Service", async () => {
  const { api } = suite;
  const service = await api.get("/api/v1/namespaces/default/services/kubernetes");
  expect(service.spec.ports).toContainEqual(expect.objectContaining({ name: "https", port: 443 }));
});

test("Find Kubernetes Service in default Namespace", async () => {
  const { items } = await suite.api.get("/api/v1/services");
  expect(items.map((item: Json) => `${item.metadata.namespace}/${item.metadata.name}`)).toContain("default/kubernetes");
});

test("kubernetes.default Endpoints and EndpointSlices", async () => {
  const { api } = suite;
  const object = await api.get("/api/v1/namespaces/default/endpoints/kubernetes");
  expect(targets(object).length).toBeGreaterThan(0);
  const { items } = await api.get(slicesOf("default", "kubernetes"));
  expect(items.length).toBeGreaterThan(0);
  const addresses = (slice: Json) => slice.endpoints.flatMap((end: Json) => end.addresses);
  expect(items.flatMap(addresses).sort()).toEqual(
    object.subsets.flatMap((subset: Json) => subset.addresses.map((one: Json) => one.ip)).sort(),
  );
});

test("Service, endpoints", async () => {
  const { api } = suite;
  const namespace = await suite.namespace();
  await serve(namespace, "s", { selector: { app: "s" }, ports: [{ port: 80 }] });
  await untilTargets(namespace, "s", () => [], []);
  const ports = [{ containerPort: 80 }];
  await api.create(pods(namespace), serving("pod1", { app: "s" }, ports));
  await untilTargets(namespace, "s", ({ pod1 }) => [`${pod1}:80/`], ["pod1"]);
  await api.create(pods(namespace), serving("pod2", { app: "s" }, ports));
  await untilTargets(namespace, "s", ({ pod1, pod2 }) => [`${pod1}:80/`, `${pod2}:80/`], ["pod1", "pod2"]);
  await api.delete(`${pods(namespace)}/pod1`);
  await untilTargets(namespace, "s", ({ pod2 }) => [`${pod2}:80/`], ["pod2"]);
  await api.delete(`${pods(namespace)}/pod2`);
  await untilTargets(namespace, "s", () => [], []);
});

test("Service, endpoints with multiple ports", async () => {
  const { api } = suite;
  const namespace = await suite.namespace();
  const ports = [
    { name: "portname1", port: 80, targetPort: "svc1" },
    { name: "portname2", port: 81, targetPort: "svc2" },
  ];
  await serve(namespace, "m", { selector: { app: "m" }, ports });
  await untilTargets(namespace, "m", () => [], []);
  await api.create(pods(namespace), serving("pod1", { app: "m" }, [{ name: "svc1", containerPort: 100 }]));
  await untilTargets(namespace, "m", ({ pod1 }) => [`${pod1}:100/portname1`], ["pod1"]);
  await api.create(pods(namespace), serving("pod2", { app: "m" }, [{ name: "svc2", containerPort: 101 }]));
  const both = ({ pod1, pod2 }: Json) => [`${pod1}:100/portname1`, `${pod2}:101/portname2`];
  await untilTargets(namespace, "m", both, ["pod1", "pod2"]);
  await api.delete(`${pods(namespace)}/pod1`);
  await untilTargets(namespace, "m", ({ pod2 }) => [`${pod2}:101/portname2`], ["pod2"]);
  await api.delete(`${pods(namespace)}/pod2`);
  await untilTargets(namespace, "m", () => [], []);
});

test('EndpointSlice, "empty" Service', async () => {
  const { api } = suite;
  const namespace = await suite.namespace();
  await serve(namespace, "empty", { selector: { does: "not-match-anything" }, ports: [{ port: 80 }] });
  await untilTargets(namespace, "empty", () => [], []);
  await api.untilList(slicesOf(namespace, "empty"), (items) => items.length === 1);
  await api.delete(`${services(namespace)}/empty`);
  await api.untilGone(`${endpoints(namespace)}/empty`);
  await api.untilList(slicesOf(namespace, "empty"), (items) => items.length === 0);
});

test("EndpointSlice, creation/deletion", async () => {
  const { api } = suite;
  const namespace = await suite.namespace();
  await api.create(
    pods(namespace),
    serving("pod1", { foo: "bar", baz: "qux" }, [{ name: "example-name", containerPort: 3000 }]),
  );
  await api.create(pods(namespace), serving("pod2", { foo: "bar" }, [{ name: "other-port", containerPort: 3001 }]));
  await serve(namespace, "svc", {
    selector: { foo: "bar" },
    ports: [{ name: "p", port: 80, targetPort: "example-name" }],
  });
  await untilTargets(namespace, "svc", ({ pod1 }) => [`${pod1}:3000/p`], ["pod1", "pod2"]);
  await api.delete(`${services(namespace)}/svc`);
  await api.untilGone(`${endpoints(namespace)}/svc`);
  await api.untilList(slicesOf(namespace, "svc"), (items) => items.length === 0);
});

test("Endpoints, creation/deletion", async () => {
  const { api } = suite;
  const namespace = await suite.namespace();
  await serve(namespace, "svc", { selector: { foo: "bar" }, ports: [{ name: "p", port: 80 }] });
  await api.until(`${endpoints(namespace)}/svc`, () => true);
  await api.delete(`${services(namespace)}/svc`);
  await api.untilGone(`${endpoints(namespace)}/svc`);
});

test("Service, deletes a collection of services", async () => {
  const { api } = suite;
  const namespace = await suite.namespace();
  for (const name of ["s-1", "s-2", "s-3"]) {
    const labels = { e2e: name === "s-3" ? "keep" : "delete" };
    await api.create(services(namespace), { metadata: { name, labels }, spec: { ports: [{ port: 80 }] } });
  }
  expect((await api.get(services(namespace))).items).toHaveLength(3);
  await api.delete(`${services(namespace)}?${labelled("e2e=delete")}`);
  const left = await api.untilList(services(namespace), (items) => items.length === 1);
  expect(left[0].metadata.name).toBe("s-3");
});

test("Service, complete ServiceStatus lifecycle", async () => {
  const { api } = suite;
  const namespace = await suite.namespace();
  const path = `${services(namespace)}/life`;
  const labels = { "test-service-static": "true" };
  const watching = await api.watch(services(namespace), labelled("test-service-static=true"));
  await api.create(services(namespace), {
    metadata: { name: "life", labels },
    spec: { type: "LoadBalancer", ports: [{ name: "http", port: 80, protocol: "TCP", targetPort: 80 }] },
  });
  await watching.next(({ type }) => type === "ADDED");
  expect((await api.get(`${path}/status`)).status.loadBalancer).toEqual({});
  const patched = await api.patch(`${path}/status`, "merge", {
    metadata: { annotations: { patchedstatus: "true" } },
    status: { loadBalancer: { ingress: [{ ip: "203.0.113.1" }] } },
  });
  expect(patched.metadata.annotations.patchedstatus).toBe("true");
  expect(patched.status.loadBalancer.ingress).toMatchObject([{ ip: "203.0.113.1" }]);
  await watching.next(({ object }) => object.metadata.annotations?.patchedstatus === "true");
  const condition = {
    type: "StatusUpdate",
    status: "True",
    reason: "E2E",
    message: "Set by a test",
    lastTransitionTime: "2026-01-01T00:00:00Z",
  };
  const updated = await api.edit(
    path,
    (object) => {
      object.status.conditions = [condition];
    },
    `${path}/status`,
  );
  expect(updated.status.conditions).toEqual([condition]);
  await watching.next(({ object }) => object.status.conditions?.[0]?.type === "StatusUpdate");
  await api.patch(path, "strategic", { metadata: { labels: { "test-service": "patched" } } });
  await watching.next(({ object }) => object.metadata.labels["test-service"] === "patched");
  await api.delete(path);
  await watching.next(({ type }) => type === "DELETED");
  watching.stop();
});
