import { describe, expect, it } from "vitest";
import { fullServer } from "./full-server.ts";
import { configMap, type TestServer, testServer } from "./server.ts";

const place = { resource: "configmaps", namespace: "default" } as const;

async function podServer(nodeName?: string): Promise<TestServer> {
  const server = await fullServer();
  await server.object({
    verb: "create",
    resource: "serviceaccounts",
    namespace: "default",
    body: { metadata: { name: "default" } },
  });
  const spec = { containers: [{ name: "c", image: "i" }], ...(nodeName && { nodeName }) };
  const body = { metadata: { name: "p", labels: { app: "w" } }, spec };
  await server.object({ verb: "create", resource: "pods", namespace: "default", body });
  return server;
}
const pod = { resource: "pods", namespace: "default", name: "p" } as const;

describe("a deletion", () => {
  it("waits for finalizers, and happens with the update that removes the last one", async () => {
    const server = testServer();
    const finalizers = ["example.org/keep"];
    await server.object({ ...place, verb: "create", body: configMap("a", {}, { finalizers }) });
    const marked = await server.object({ ...place, verb: "delete", name: "a" });
    expect(marked.metadata).toMatchObject({ deletionGracePeriodSeconds: 0, finalizers });
    expect(marked.metadata.deletionTimestamp).toBeDefined();
    const body = { metadata: { finalizers: null } };
    await server.object({ ...place, verb: "patch", name: "a", patchType: "application/merge-patch+json", body });
    expect(await server.items(place)).toEqual([]);
  });

  it("is held up by finalizers with a domain; kinds that are no part of the old core take plain names, too", async () => {
    const server = testServer();
    const metadata = { name: "a", finalizers: ["plain"] };
    const place = { namespace: "default", verb: "create" } as const;
    const lease = { apiVersion: "coordination.k8s.io/v1", kind: "Lease", metadata };
    const held = await server.object({ ...place, group: "coordination.k8s.io", resource: "leases", body: lease });
    expect(held.metadata.finalizers).toEqual(["plain"]);
    const refused = server.object({ ...place, resource: "configmaps", body: configMap("a", {}, metadata) });
    await expect(refused).rejects.toThrow(
      'metadata.finalizers[0]: Invalid value: "plain": name is neither a standard finalizer name nor is it fully qualified',
    );
  });

  it("takes no new finalizers once it has begun", async () => {
    const server = testServer();
    await server.object({ ...place, verb: "create", body: configMap("a", {}, { finalizers: ["example.org/keep"] }) });
    await server.object({ ...place, verb: "delete", name: "a" });
    const body = { metadata: { finalizers: ["example.org/keep", "example.org/more"] } };
    const patch = server.object({
      ...place,
      verb: "patch",
      name: "a",
      patchType: "application/merge-patch+json",
      body,
    });
    await expect(patch).rejects.toThrow("no new finalizers can be added if the object is being deleted");
  });

  it("of a running pod gives it time, which may only be made shorter", async () => {
    const server = await podServer("n1");
    const first = await server.object({ ...pod, verb: "delete" });
    expect(first.metadata.deletionGracePeriodSeconds).toBe(30);
    const longer = await server.object({ ...pod, verb: "delete", options: { gracePeriodSeconds: 60 } });
    expect(longer.metadata.deletionGracePeriodSeconds).toBe(30);
    const shorter = await server.object({ ...pod, verb: "delete", options: { gracePeriodSeconds: 5 } });
    expect(shorter.metadata.deletionGracePeriodSeconds).toBe(5);
    await server.object({ ...pod, verb: "delete", options: { gracePeriodSeconds: 0 } });
    await expect(server.object({ ...pod, verb: "get" })).rejects.toThrow('pods "p" not found');
  });

  it("with Foreground waits for dependents, with Orphan for their release", async () => {
    const server = testServer();
    for (const [name, propagationPolicy, finalizer] of [
      ["a", "Foreground", "foregroundDeletion"],
      ["b", "Orphan", "orphan"],
    ] as const) {
      await server.object({ ...place, verb: "create", body: configMap(name) });
      const marked = await server.object({ ...place, verb: "delete", name, options: { propagationPolicy } });
      expect(marked.metadata.finalizers).toEqual([finalizer]);
    }
  });

  it("of a namespace only starts its end; finalize ends it", async () => {
    const server = await fullServer();
    const namespaces = { resource: "namespaces", name: "x" } as const;
    await server.object({ verb: "create", resource: "namespaces", body: { metadata: { name: "x" } } });
    const marked = await server.object({ ...namespaces, verb: "delete" });
    expect(marked.status?.phase).toBe("Terminating");
    const late = server.object({ verb: "create", resource: "configmaps", namespace: "x", body: configMap("a") });
    await expect(late).rejects.toThrow(
      'configmaps "a" is forbidden: unable to create new content in namespace x because it is being terminated',
    );
    const body = { ...structuredClone(marked), spec: { finalizers: [] } };
    await server.object({
      ...namespaces,
      verb: "update",
      subresource: "finalize",
      body: JSON.parse(JSON.stringify(body)),
    });
    await expect(server.object({ ...namespaces, verb: "get" })).rejects.toThrow('namespaces "x" not found');
  });

  it("of the default namespace is forbidden", async () => {
    const server = await fullServer();
    const attempt = server.request({ verb: "delete", resource: "namespaces", name: "default" });
    await expect(attempt).rejects.toThrow("this namespace may not be deleted");
  });
});

describe("an eviction", () => {
  const budget = { group: "policy", version: "v1", resource: "poddisruptionbudgets", namespace: "default" } as const;
  const evict = (server: TestServer) =>
    server.request({ ...pod, verb: "create", subresource: "eviction", body: { metadata: { name: "p" } } });

  async function withBudget(disruptionsAllowed: number): Promise<TestServer> {
    const server = await podServer("n1");
    const running = { status: { phase: "Running", conditions: [{ type: "Ready", status: "True" }] } };
    const patchType = "application/merge-patch+json";
    await server.object({ ...pod, verb: "patch", subresource: "status", patchType, body: running });
    const spec = { minAvailable: 1, selector: { matchLabels: { app: "w" } } };
    await server.object({ ...budget, verb: "create", body: { metadata: { name: "b" }, spec } });
    const status = { disruptionsAllowed, currentHealthy: 1, desiredHealthy: 1, expectedPods: 1, observedGeneration: 1 };
    await server.object({ ...budget, verb: "patch", name: "b", subresource: "status", patchType, body: { status } });
    return server;
  }

  it("is refused when the budget allows no disruption", async () => {
    const server = await withBudget(0);
    await expect(evict(server)).rejects.toMatchObject({
      status: {
        code: 429,
        message: "Cannot evict pod as it would violate the pod's disruption budget.",
        details: { causes: [{ message: "The disruption budget b needs 1 healthy pods and has 1 currently" }] },
      },
    });
  });

  it("whose precondition does not hold leaves the pod as it is", async () => {
    const server = await podServer("n1");
    const before = await server.object({ ...pod, verb: "get" });
    const body = { metadata: { name: "p" }, deleteOptions: { preconditions: { uid: "another" } } };
    await expect(server.request({ ...pod, verb: "create", subresource: "eviction", body })).rejects.toMatchObject({
      status: { code: 409 },
    });
    expect(await server.object({ ...pod, verb: "get" })).toEqual(before);
  });

  it("of the version that it names marks the pod and deletes it", async () => {
    const server = await podServer("n1");
    const { metadata } = await server.object({ ...pod, verb: "get" });
    const preconditions = { resourceVersion: metadata.resourceVersion ?? "" };
    const body = { metadata: { name: "p" }, deleteOptions: { preconditions } };
    await server.request({ ...pod, verb: "create", subresource: "eviction", body });
    const marked = await server.object({ ...pod, verb: "get" });
    expect(marked.metadata.deletionTimestamp).toBeDefined();
    expect(marked).toMatchObject({ status: { conditions: [{ type: "DisruptionTarget", lastProbeTime: null }] } });
  });

  it("is charged to the budget and deletes the pod", async () => {
    const server = await withBudget(1);
    await evict(server);
    const left = await server.object({ ...budget, verb: "get", name: "b" });
    expect(left.status?.disruptionsAllowed).toBe(0);
    expect((await server.object({ ...pod, verb: "get" })).metadata.deletionTimestamp).toBeDefined();
  });
});
