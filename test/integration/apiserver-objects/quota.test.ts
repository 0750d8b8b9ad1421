import { describe, expect, it } from "vitest";
import type { JsonValue } from "../../../src/api/meta/index.ts";
import { fullServer } from "./full-server.ts";
import type { TestServer } from "./server.ts";

const quotas = { resource: "resourcequotas", namespace: "default" } as const;
type Json = { [key: string]: JsonValue };

/** A server with one quota, as the controller has counted it: nothing used yet. */
async function withQuota(hard: Record<string, string>, spec: Json = {}): Promise<TestServer> {
  const server = await fullServer();
  const account = { metadata: { name: "default" } };
  await server.object({ verb: "create", resource: "serviceaccounts", namespace: "default", body: account });
  await server.object({ ...quotas, verb: "create", body: { metadata: { name: "q" }, spec: { hard, ...spec } } });
  await count(server, hard, Object.fromEntries(Object.keys(hard).map((name) => [name, "0"])));
  return server;
}

async function count(server: TestServer, hard: Record<string, string>, used: Record<string, string>): Promise<void> {
  const body = { status: { hard, used } };
  const patchType = "application/merge-patch+json";
  await server.object({ ...quotas, verb: "patch", name: "q", subresource: "status", patchType, body });
}

async function used(server: TestServer): Promise<unknown> {
  return (await server.object({ ...quotas, verb: "get", name: "q" })).status?.used;
}

function create(server: TestServer, resource: string, body: Json): Promise<unknown> {
  return server.object({ verb: "create", resource, namespace: "default", body });
}

const pod = (name: string, spec: Json = {}, resources: Json = {}): Json => ({
  metadata: { name },
  spec: { containers: [{ name: "c", image: "i", resources }], ...spec },
});

const claim = (name: string, storage: string, more: Json = {}): Json => ({
  metadata: { name },
  spec: { accessModes: ["ReadWriteOnce"], resources: { requests: { storage } }, ...more },
});

describe("quotas", () => {
  it("are never exceeded, however many come at once", async () => {
    const server = await withQuota({ pods: "50", "count/pods": "100" });
    const names = Array.from({ length: 200 }, (_, i) => `p${i}`);
    const results = await Promise.allSettled(names.map((name) => create(server, "pods", pod(name))));
    expect(results.filter(({ status }) => status === "fulfilled")).toHaveLength(50);
    expect(await used(server)).toEqual({ pods: "50", "count/pods": "50" });
    expect(await server.items({ resource: "pods", namespace: "default" })).toHaveLength(50);
  });

  it("get back what was charged for an object that was not written", async () => {
    const server = await withQuota({ configmaps: "5" });
    await create(server, "configmaps", { metadata: { name: "a" } });
    await expect(create(server, "configmaps", { metadata: { name: "a" } })).rejects.toThrow("already exists");
    await expect.poll(() => used(server)).toEqual({ configmaps: "1" });
  });

  it("are not lowered by a count that cannot know of what is being written", async () => {
    const server = await withQuota({ configmaps: "5" });
    await create(server, "configmaps", { metadata: { name: "a" } });
    await expect(count(server, { configmaps: "5" }, { configmaps: "0" })).rejects.toMatchObject({ code: 409 });
    await server.host.clock.advance(1000);
    await count(server, { configmaps: "5" }, { configmaps: "0" });
    expect(await used(server)).toEqual({ configmaps: "0" });
  });

  it("must have been counted", async () => {
    const server = await withQuota({ pods: "5" });
    await server.object({
      ...quotas,
      verb: "patch",
      name: "q",
      subresource: "status",
      patchType: "application/merge-patch+json",
      body: { status: { used: null } },
    });
    await expect(create(server, "pods", pod("a"))).rejects.toThrow(
      'pods "a" is forbidden: status unknown for quota: q, resources: pods',
    );
  });

  it("on cpu and memory want every container to say what it takes", async () => {
    const server = await withQuota({ "limits.memory": "1Gi", "requests.cpu": "1" });
    await expect(create(server, "pods", pod("a"))).rejects.toThrow(
      'pods "a" is forbidden: failed quota: q: must specify limits.memory for: c; requests.cpu for: c',
    );
    const resources = { requests: { cpu: "600m" }, limits: { memory: "512Mi" } };
    await create(server, "pods", pod("b", {}, resources));
    await expect(create(server, "pods", pod("c", {}, resources))).rejects.toThrow(
      'pods "c" is forbidden: exceeded quota: q, requested: requests.cpu=600m, used: requests.cpu=600m, limited: requests.cpu=1',
    );
    expect(await used(server)).toEqual({ "limits.memory": "512Mi", "requests.cpu": "600m" });
  });

  it("count what is in their scopes alone", async () => {
    const scopeSelector = {
      matchExpressions: [{ scopeName: "PriorityClass", operator: "In", values: ["system-node-critical"] }],
    };
    const server = await withQuota({ pods: "1" }, { scopeSelector });
    await create(server, "pods", pod("a"));
    expect(await used(server)).toEqual({ pods: "0" });
    await create(server, "pods", pod("b", { priorityClassName: "system-node-critical" }));
    expect(await used(server)).toEqual({ pods: "1" });
  });

  it("with BestEffort and Terminating count pods that ask for nothing and have a deadline", async () => {
    const server = await withQuota({ pods: "5" }, { scopes: ["BestEffort", "Terminating"] });
    await create(server, "pods", pod("a", { activeDeadlineSeconds: 5 }));
    await create(server, "pods", pod("b"));
    await create(server, "pods", pod("c", { activeDeadlineSeconds: 5 }, { requests: { cpu: "1" } }));
    expect(await used(server)).toEqual({ pods: "1" });
  });

  it("count node ports and load balancers, also when a service becomes one", async () => {
    const server = await withQuota({ services: "5", "services.nodeports": "2", "services.loadbalancers": "1" });
    const service = (type: string, ports: number): Json => ({
      metadata: { name: "s" },
      spec: { type, ports: Array.from({ length: ports }, (_, i) => ({ name: `p${i}`, port: 80 + i })) },
    });
    await create(server, "services", service("ClusterIP", 2));
    const put = (type: string, ports: number) =>
      server.object({
        verb: "patch",
        resource: "services",
        namespace: "default",
        name: "s",
        patchType: "application/merge-patch+json",
        body: service(type, ports),
      });
    await put("LoadBalancer", 2);
    expect(await used(server)).toEqual({ services: "1", "services.nodeports": "2", "services.loadbalancers": "1" });
    await expect(put("NodePort", 3)).rejects.toThrow(
      'services "s" is forbidden: exceeded quota: q, requested: services.nodeports=1, used: services.nodeports=2, limited: services.nodeports=2',
    );
  });

  it("count storage by class", async () => {
    const gold = "gold.storageclass.storage.k8s.io/requests.storage";
    const server = await withQuota({ [gold]: "10Gi", "requests.storage": "20Gi", persistentvolumeclaims: "3" });
    await create(server, "persistentvolumeclaims", claim("a", "8Gi", { storageClassName: "gold" }));
    await create(server, "persistentvolumeclaims", claim("b", "4Gi", { storageClassName: "tin" }));
    expect(await used(server)).toEqual({ [gold]: "8Gi", "requests.storage": "12Gi", persistentvolumeclaims: "2" });
    const third = create(server, "persistentvolumeclaims", claim("c", "4Gi", { storageClassName: "gold" }));
    await expect(third).rejects.toThrow(
      `persistentvolumeclaims "c" is forbidden: exceeded quota: q, requested: ${gold}=4Gi, used: ${gold}=8Gi, limited: ${gold}=10Gi`,
    );
  });

  it("count objects of any group", async () => {
    const server = await withQuota({ "count/roles.rbac.authorization.k8s.io": "1" });
    const role = (name: string) =>
      server.object({
        verb: "create",
        group: "rbac.authorization.k8s.io",
        resource: "roles",
        namespace: "default",
        body: { metadata: { name }, rules: [] },
      });
    await role("a");
    await expect(role("b")).rejects.toThrow(
      "exceeded quota: q, requested: count/roles.rbac.authorization.k8s.io=1, used: count/roles.rbac.authorization.k8s.io=1, limited: count/roles.rbac.authorization.k8s.io=1",
    );
  });

  it("are checked by a dry run and not charged", async () => {
    const server = await withQuota({ pods: "1" });
    await server.object({
      verb: "create",
      resource: "pods",
      namespace: "default",
      body: pod("a"),
      options: { dryRun: ["All"] },
    });
    expect(await used(server)).toEqual({ pods: "0" });
  });
});
