import { describe, expect, it } from "vitest";
import { configMap, testServer } from "./server.ts";

describe("an object", () => {
  it("is created, read, updated, patched and deleted", async () => {
    const server = testServer();
    const place = { resource: "configmaps", namespace: "default" } as const;
    const created = await server.object({ ...place, verb: "create", body: configMap("a", { k: "1" }) });
    expect(created.metadata).toMatchObject({ name: "a", namespace: "default", resourceVersion: "1" });
    const updated = await server.object({ ...place, verb: "update", name: "a", body: configMap("a", { k: "2" }) });
    expect(updated.data).toEqual({ k: "2" });
    const patched = await server.object({
      ...place,
      verb: "patch",
      name: "a",
      patchType: "application/merge-patch+json",
      body: { data: { k: "3" } },
    });
    expect(patched.data).toEqual({ k: "3" });
    const gone = await server.request({ ...place, verb: "delete", name: "a" });
    expect(gone).toMatchObject({ kind: "status", status: { status: "Success", details: { kind: "configmaps" } } });
    expect(await server.items(place)).toEqual([]);
  });

  it("of a kind that updates may create is not made anew for an update that means a former one", async () => {
    const server = testServer();
    const place = { group: "coordination.k8s.io", resource: "leases", namespace: "default", name: "l" } as const;
    const lease = { apiVersion: "coordination.k8s.io/v1", kind: "Lease", metadata: { name: "l", uid: "former" } };
    await expect(server.request({ ...place, verb: "update", body: lease })).rejects.toMatchObject({
      status: {
        code: 409,
        reason: "Conflict",
        message: expect.stringContaining("Precondition failed: UID in precondition: former, UID in object meta: "),
      },
    });
    const { uid: _uid, ...metadata } = lease.metadata;
    expect((await server.object({ ...place, verb: "update", body: { ...lease, metadata } })).metadata.name).toBe("l");
  });
});
