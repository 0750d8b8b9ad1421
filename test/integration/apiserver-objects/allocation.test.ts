import { describe, expect, it } from "vitest";
import { testHost } from "../../../src/host/index.ts";
import { createMemoryStore } from "../../../src/store/index.ts";
import { fullServer } from "./full-server.ts";
import type { TestServer } from "./server.ts";

const services = { resource: "services", namespace: "default" } as const;
const service = (name: string, spec: object) => ({ metadata: { name }, spec: { ports: [{ port: 80 }], ...spec } });

async function addresses(server: TestServer): Promise<(string | undefined)[]> {
  const all = await server.items({ group: "networking.k8s.io", version: "v1", resource: "ipaddresses" });
  return all.map(({ metadata }) => metadata.name);
}

describe("numbers of services", () => {
  it("the kubernetes service has the first address, with its address object", async () => {
    const server = await fullServer();
    const { spec } = await server.object({ ...services, verb: "get", name: "kubernetes" });
    expect(spec?.clusterIP).toBe("10.96.0.1");
    expect(await addresses(server)).toEqual(["10.96.0.1"]);
  });

  it("an address in use is refused, and free again after its service is gone", async () => {
    const server = await fullServer();
    const create = (name: string) =>
      server.object({ ...services, verb: "create", body: service(name, { clusterIP: "10.96.7.7" }) });
    await create("a");
    await expect(create("b")).rejects.toThrow("failed to allocate IP 10.96.7.7: provided IP is already allocated");
    await server.request({ ...services, verb: "delete", name: "a" });
    expect(await addresses(server)).toEqual(["10.96.0.1"]);
    await create("b");
  });

  it("an address outside the range is refused", async () => {
    const server = await fullServer();
    const body = service("a", { clusterIP: "192.168.0.9" });
    await expect(server.object({ ...services, verb: "create", body })).rejects.toThrow(
      "does not match the current range",
    );
  });

  it("a refused create gives its numbers back", async () => {
    const server = await fullServer();
    const bad = service("a", { clusterIP: "10.96.7.7", type: "NodePort", ports: [{ port: 0, nodePort: 30100 }] });
    await expect(server.object({ ...services, verb: "create", body: bad })).rejects.toThrow("is invalid");
    const good = service("a", { clusterIP: "10.96.7.7", type: "NodePort", ports: [{ port: 80, nodePort: 30100 }] });
    await server.object({ ...services, verb: "create", body: good });
  });

  it("a dry run takes nothing", async () => {
    const server = await fullServer();
    const body = service("a", { clusterIP: "10.96.7.7" });
    await server.object({ ...services, verb: "create", body, options: { dryRun: ["All"] } });
    await server.object({ ...services, verb: "create", body });
  });

  it("a service that becomes an external name gives its address back and gets another when it returns", async () => {
    const server = await fullServer();
    const created = await server.object({ ...services, verb: "create", body: service("a", { type: "NodePort" }) });
    const change = (spec: { [key: string]: string | null }) =>
      server.object({
        ...services,
        verb: "patch",
        name: "a",
        patchType: "application/merge-patch+json",
        body: { spec },
      });
    const external = await change({
      type: "ExternalName",
      externalName: "example.org",
      clusterIP: null,
      clusterIPs: null,
    });
    expect(external.spec?.clusterIP).toBeUndefined();
    expect(await addresses(server)).not.toContain(created.spec?.clusterIP);
    const back = await change({ type: "ClusterIP", externalName: null });
    expect(await addresses(server)).toContain(back.spec?.clusterIP);
  });

  it("what is taken is still taken after a restart", async () => {
    const host = testHost({ start: Date.UTC(2026, 5, 1) });
    const store = createMemoryStore(host);
    const before = await fullServer({ host, store });
    const body = service("a", { clusterIP: "10.96.7.7", type: "NodePort", ports: [{ port: 80, nodePort: 30100 }] });
    await before.object({ ...services, verb: "create", body });
    const after = await fullServer({ host, store });
    const again = (spec: object) => after.object({ ...services, verb: "create", body: service("b", spec) });
    await expect(again({ clusterIP: "10.96.7.7" })).rejects.toThrow("already allocated");
    const port = [{ port: 80, nodePort: 30100 }];
    await expect(again({ type: "NodePort", ports: port })).rejects.toThrow("provided port is already allocated");
  });
});
