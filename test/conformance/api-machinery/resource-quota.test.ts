import { expect, test } from "vitest";
import type { Json } from "../support/api.ts";
import { apps, core, labelled, pods } from "../support/paths.ts";
import { conformanceSuite } from "../support/suite.ts";
import { container, pod, replicationController, workload } from "../support/workloads.ts";

const suite = conformanceSuite();

const quotas = (namespace: string) => core(namespace, "resourcequotas");

const hard = {
  pods: "5",
  services: "10",
  "services.nodeports": "1",
  "services.loadbalancers": "1",
  replicationcontrollers: "10",
  resourcequotas: "1",
  cpu: "1",
  memory: "500Mi",
  configmaps: "10",
  secrets: "10",
  persistentvolumeclaims: "10",
  "requests.storage": "10Gi",
  "requests.ephemeral-storage": "50Gi",
  "count/replicasets.apps": "5",
  "requests.example.com/dongle": "3",
};

const none = {
  pods: "0",
  services: "0",
  "services.nodeports": "0",
  "services.loadbalancers": "0",
  replicationcontrollers: "0",
  resourcequotas: "1",
  cpu: "0",
  memory: "0",
  secrets: "0",
  persistentvolumeclaims: "0",
  "requests.storage": "0",
  "requests.ephemeral-storage": "0",
  "count/replicasets.apps": "0",
  "requests.example.com/dongle": "0",
};

async function quota(namespace: string, spec: Json = { hard }, name = "test-quota"): Promise<void> {
  await suite.api.create(quotas(namespace), { metadata: { name }, spec });
}

/** Waits until the quota's status counts this; hard is the spec's. */
async function untilUsed(namespace: string, used: Record<string, string>, name = "test-quota"): Promise<Json> {
  return suite.api.until(`${quotas(namespace)}/${name}`, ({ spec, status }) =>
    Object.entries(used).every(
      ([key, value]) => status?.used?.[key] === value && status.hard?.[key] === spec.hard[key],
    ),
  );
}

function requesting(name: string, resources: Json, spec: Json = {}): Json {
  return pod(name, { spec: { containers: [container({ resources })], terminationGracePeriodSeconds: 0, ...spec } });
}

test("ResourceQuota, object count quota, resourcequotas", async () => {
  const namespace = await suite.namespace();
  await quota(namespace);
  const counted = await untilUsed(namespace, none);
  expect(counted.status.hard).toEqual(hard);
});

test("ResourceQuota, object count quota, secret", async () => {
  const { api } = suite;
  const namespace = await suite.namespace();
  await quota(namespace);
  await untilUsed(namespace, none);
  await api.create(core(namespace, "secrets"), { metadata: { name: "test-secret" }, stringData: { a: "b" } });
  await untilUsed(namespace, { ...none, secrets: "1" });
  await api.delete(`${core(namespace, "secrets")}/test-secret`);
  await untilUsed(namespace, none);
});

test("ResourceQuota, object count quota, configmap", async () => {
  const { api } = suite;
  const namespace = await suite.namespace();
  // The root certificate's config map is there already.
  await api.until(`${core(namespace, "configmaps")}/kube-root-ca.crt`, () => true);
  await quota(namespace);
  await untilUsed(namespace, { ...none, configmaps: "1" });
  await api.create(core(namespace, "configmaps"), { metadata: { name: "test-configmap" } });
  await untilUsed(namespace, { ...none, configmaps: "2" });
  await api.delete(`${core(namespace, "configmaps")}/test-configmap`);
  await untilUsed(namespace, { ...none, configmaps: "1" });
});

test("ResourceQuota, object count quota, service", async () => {
  const { api } = suite;
  const namespace = await suite.namespace();
  await quota(namespace);
  await untilUsed(namespace, none);
  const services = core(namespace, "services");
  const ports = [{ port: 80 }];
  await api.create(services, { metadata: { name: "cluster-ip" }, spec: { type: "ClusterIP", ports } });
  await api.create(services, { metadata: { name: "node-port" }, spec: { type: "NodePort", ports } });
  // A load balancer would need a node port, of which the quota allows no second one.
  const refused = await api.call("POST", services, {
    body: { metadata: { name: "balancer" }, spec: { type: "LoadBalancer", ports } },
  });
  expect(refused.status).toBe(403);
  await untilUsed(namespace, { ...none, services: "2", "services.nodeports": "1" });
  await api.delete(`${services}/cluster-ip`);
  await api.delete(`${services}/node-port`);
  await untilUsed(namespace, none);
});

test("ResourceQuota, object count quota, replicationController", async () => {
  const { api } = suite;
  const namespace = await suite.namespace();
  await quota(namespace);
  await untilUsed(namespace, none);
  await api.create(core(namespace, "replicationcontrollers"), replicationController("test-rc", 0));
  await untilUsed(namespace, { ...none, replicationcontrollers: "1" });
  await api.delete(`${core(namespace, "replicationcontrollers")}/test-rc`);
  await untilUsed(namespace, none);
});

test("ResourceQuota, object count quota, replicaSet", async () => {
  const { api } = suite;
  const namespace = await suite.namespace();
  await quota(namespace);
  await untilUsed(namespace, none);
  await api.create(apps(namespace, "replicasets"), workload("test-rs", 0));
  await untilUsed(namespace, { ...none, "count/replicasets.apps": "1" });
  await api.delete(`${apps(namespace, "replicasets")}/test-rs`);
  await untilUsed(namespace, none);
});

test("ResourceQuota, object count quota, pod", async () => {
  const { api } = suite;
  const namespace = await suite.namespace();
  await quota(namespace);
  await untilUsed(namespace, none);
  const dongles = { "example.com/dongle": "2" };
  const requests = { cpu: "500m", memory: "252Mi", "ephemeral-storage": "30Gi", ...dongles };
  await api.create(pods(namespace), requesting("test-pod", { requests, limits: dongles }));
  const counted = {
    pods: "1",
    cpu: "500m",
    memory: "252Mi",
    "requests.ephemeral-storage": "30Gi",
    "requests.example.com/dongle": "2",
  };
  await untilUsed(namespace, { ...none, ...counted });
  const more = await api.call("POST", pods(namespace), {
    body: requesting("fail-pod", { requests: { cpu: "600m", memory: "100Mi" } }),
  });
  expect(more.status).toBe(403);
  expect(more.body.message).toContain("exceeded quota: test-quota");
  const moreDongles = { "example.com/dongle": "2" };
  const dongled = await api.call("POST", pods(namespace), {
    body: requesting("fail-pod-ext", {
      requests: { cpu: "100m", memory: "100Mi", ...moreDongles },
      limits: moreDongles,
    }),
  });
  expect(dongled.status).toBe(403);
  const current = await api.get(`${pods(namespace)}/test-pod`);
  current.spec.containers[0].resources.requests = { ...requests, cpu: "100m", memory: "100Mi" };
  const changed = await api.call("PUT", `${pods(namespace)}/test-pod`, { body: current });
  expect(changed.status).toBe(422);
  await untilUsed(namespace, { ...none, ...counted });
  await api.delete(`${pods(namespace)}/test-pod`, { gracePeriodSeconds: 0 });
  await untilUsed(namespace, none);
});

test("ResourceQuota, quota scope, BestEffort and NotBestEffort scope", async () => {
  const { api } = suite;
  const namespace = await suite.namespace();
  await quota(namespace, { hard: { pods: "5" }, scopes: ["BestEffort"] }, "best");
  await quota(namespace, { hard: { pods: "5" }, scopes: ["NotBestEffort"] }, "not-best");
  const used = async (best: string, notBest: string) => {
    await untilUsed(namespace, { pods: best }, "best");
    await untilUsed(namespace, { pods: notBest }, "not-best");
  };
  await used("0", "0");
  await api.create(pods(namespace), requesting("besteffort", {}));
  await used("1", "0");
  await api.delete(`${pods(namespace)}/besteffort`, { gracePeriodSeconds: 0 });
  await used("0", "0");
  const amounts = { cpu: "500m", memory: "200Mi" };
  await api.create(
    pods(namespace),
    requesting("burstable", { requests: amounts, limits: { cpu: "1", memory: "400Mi" } }),
  );
  await used("0", "1");
  await api.delete(`${pods(namespace)}/burstable`, { gracePeriodSeconds: 0 });
  await used("0", "0");
});

test("ResourceQuota, quota scope, Terminating and NotTerminating scope", async () => {
  const { api } = suite;
  const namespace = await suite.namespace();
  const limited = {
    pods: "5",
    "requests.cpu": "1",
    "requests.memory": "500Mi",
    "limits.cpu": "2",
    "limits.memory": "1Gi",
  };
  await quota(namespace, { hard: limited, scopes: ["Terminating"] }, "terminating");
  await quota(namespace, { hard: limited, scopes: ["NotTerminating"] }, "not-terminating");
  const zero = { pods: "0", "requests.cpu": "0", "requests.memory": "0", "limits.cpu": "0", "limits.memory": "0" };
  const one = {
    pods: "1",
    "requests.cpu": "500m",
    "requests.memory": "200Mi",
    "limits.cpu": "1",
    "limits.memory": "400Mi",
  };
  const used = async (terminating: Record<string, string>, notTerminating: Record<string, string>) => {
    await untilUsed(namespace, terminating, "terminating");
    await untilUsed(namespace, notTerminating, "not-terminating");
  };
  await used(zero, zero);
  const resources = { requests: { cpu: "500m", memory: "200Mi" }, limits: { cpu: "1", memory: "400Mi" } };
  await api.create(pods(namespace), requesting("test-pod", resources));
  await used(zero, one);
  await api.delete(`${pods(namespace)}/test-pod`, { gracePeriodSeconds: 0 });
  await used(zero, zero);
  await api.create(pods(namespace), requesting("terminating-pod", resources, { activeDeadlineSeconds: 3600 }));
  await used(one, zero);
  await api.delete(`${pods(namespace)}/terminating-pod`, { gracePeriodSeconds: 0 });
  await used(zero, zero);
});

test("ResourceQuota, update and delete", async () => {
  const { api } = suite;
  const namespace = await suite.namespace();
  await quota(namespace, { hard: { cpu: "1", memory: "500Mi" } });
  const path = `${quotas(namespace)}/test-quota`;
  expect((await api.get(path)).spec.hard).toEqual({ cpu: "1", memory: "500Mi" });
  await api.edit(path, (object) => {
    object.spec.hard = { cpu: "2", memory: "1Gi" };
  });
  expect((await api.get(path)).spec.hard).toEqual({ cpu: "2", memory: "1Gi" });
  await untilUsed(namespace, { cpu: "0", memory: "0" });
  await api.delete(path);
  expect(await api.statusOf(path)).toBe(404);
});

test("ResourceQuota, manage lifecycle of a ResourceQuota", async () => {
  const { api } = suite;
  const namespace = await suite.namespace();
  const labels = { "test-quota": namespace };
  const spec = { hard: { cpu: "1", memory: "500Mi" } };
  await api.create(quotas(namespace), { metadata: { name: "managed", labels }, spec });
  const everywhere = await api.get(`/api/v1/resourcequotas?${labelled(`test-quota=${namespace}`)}`);
  expect(everywhere.items.map((item: Json) => item.metadata.name)).toEqual(["managed"]);
  const patched = await api.patch(`${quotas(namespace)}/managed`, "merge", {
    metadata: { labels: { patched: "true" } },
    spec: { hard: { memory: "750Mi" } },
  });
  expect(patched.metadata.labels.patched).toBe("true");
  expect(patched.spec.hard).toEqual({ cpu: "1", memory: "750Mi" });
  await api.delete(`${quotas(namespace)}?${labelled("patched=true")}`);
  await api.untilList(quotas(namespace), (items) => items.length === 0);
});

test("ResourceQuota, apply changes to a ResourceQuota status", async () => {
  const { api } = suite;
  const namespace = await suite.namespace();
  const first = { cpu: "500m", memory: "500Mi" };
  await quota(namespace, { hard: first });
  const path = `${quotas(namespace)}/test-quota`;
  const initial = await api.until(path, ({ status }) => status?.hard?.cpu === "500m");
  expect(initial.status.hard).toEqual(first);
  const updated = await api.edit(
    path,
    (object) => {
      object.status.hard = first;
      object.metadata.annotations = { updated: "true" };
    },
    `${path}/status`,
  );
  expect(updated.status.hard).toEqual(first);
  expect(updated.metadata.annotations).toEqual({ updated: "true" });
  const second = { cpu: "1", memory: "1Gi" };
  await api.patch(path, "merge", { spec: { hard: second } });
  const followed = await api.until(path, ({ status }) => status.hard.cpu === "1");
  expect(followed.status.hard).toEqual(second);
  const read = await api.get(`${path}/status`);
  expect([read.status.hard, read.spec.hard]).toEqual([second, second]);
  const repatched = await api.patch(`${path}/status`, "merge", {
    spec: { hard: first },
    status: { hard: { cpu: "3" } },
  });
  expect(repatched.status.hard.cpu).toBe("3");
  expect(repatched.spec.hard).toEqual(second);

  // By clients that know quantities only as the type has them; what others write of the status is set right again.
  const watching = await api.watch(quotas(namespace));
  const set = await api.patch(`${path}/status`, "strategic", { status: { hard: { cpu: "2", memory: "2Gi" } } });
  expect([set.status.hard, set.spec.hard]).toEqual([{ cpu: "2", memory: "2Gi" }, second]);
  const hardIs = (cpu: string) => watching.next(({ object }) => object.status.hard.cpu === cpu);
  await hardIs("2");
  expect((await hardIs("1")).object.status.hard).toEqual(second);
  watching.stop();
});
