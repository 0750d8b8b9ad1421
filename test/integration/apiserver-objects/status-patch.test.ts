import { describe, expect, it } from "vitest";
import { type Fields, testServer } from "./server.ts";

const place = { resource: "pods", namespace: "default" } as const;

async function serverWithPod() {
  const server = testServer();
  const spec = { containers: [{ name: "web", image: "nginx" }], priority: null };
  await server.object({
    ...place,
    verb: "create",
    body: { apiVersion: "v1", kind: "Pod", metadata: { name: "web" }, spec },
  });
  return server;
}

describe("a strategic merge patch of a status", () => {
  it("leaves the stored spec what it is, where it is", async () => {
    const server = await serverWithPod();
    const before = await server.object({ ...place, verb: "get", name: "web" });
    const after = await patchStatus(server, { status: { podIP: "10.0.0.1" } });
    expect(after.spec).toBe(before.spec);
    expect(Object.keys(after)).toEqual(["apiVersion", "kind", "metadata", "spec", "status"]);
    expect(after.status).toMatchObject({ phase: "Pending", qosClass: "BestEffort", podIP: "10.0.0.1" });
    expect(after.metadata.managedFields?.map(({ subresource }) => subresource)).toEqual([undefined, "status"]);
  });

  it("does not change a spec that it names, nor own it", async () => {
    const server = await serverWithPod();
    const before = await server.object({ ...place, verb: "get", name: "web" });
    const after = await patchStatus(server, { spec: { nodeName: "a" }, status: { podIP: "10.0.0.1" } });
    expect(after.spec).toEqual(before.spec);
    expect(JSON.stringify(after.metadata.managedFields)).not.toContain("nodeName");
  });

  it("refuses what is wrong in the status, and warns of a field that is unknown", async () => {
    const server = await serverWithPod();
    await expect(patchStatus(server, { status: { podIP: 1 } })).rejects.toMatchObject({ code: 422 });
    const response = await server.request({ ...patchOf({ status: { foo: 1 } }) });
    expect(response).toMatchObject({ warnings: ['unknown field "status.foo"'] });
  });
});

const patchOf = (body: Fields) =>
  ({
    ...place,
    verb: "patch",
    name: "web",
    subresource: "status",
    patchType: "application/strategic-merge-patch+json",
    body: JSON.parse(JSON.stringify(body)),
  }) as const;

function patchStatus(server: ReturnType<typeof testServer>, body: Fields) {
  return server.object(patchOf(body));
}
