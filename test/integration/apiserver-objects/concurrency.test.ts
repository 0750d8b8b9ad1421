import { describe, expect, it } from "vitest";
import { isReason } from "../../../src/api/meta/index.ts";
import { fullServer } from "./full-server.ts";
import { configMap, testServer } from "./server.ts";

const place = { resource: "configmaps", namespace: "default" } as const;

describe("many writers at once", () => {
  it("of 1,000 creates of one name exactly one wins", async () => {
    const server = testServer();
    const results = await Promise.allSettled(
      Array.from({ length: 1000 }, (_, i) =>
        server.object({ ...place, verb: "create", body: configMap("one", { by: String(i) }) }),
      ),
    );
    const refused = results.filter((result) => result.status === "rejected");
    expect(refused).toHaveLength(999);
    expect(refused.every(({ reason }) => isReason(reason, "AlreadyExists"))).toBe(true);
  });

  it("patches never lose each other's changes", async () => {
    const server = testServer();
    await server.object({ ...place, verb: "create", body: configMap("shared") });
    await Promise.all(
      Array.from({ length: 300 }, (_, i) =>
        server.object({
          ...place,
          verb: "patch",
          name: "shared",
          patchType: "application/merge-patch+json",
          body: { data: { [`key-${i}`]: String(i) } },
        }),
      ),
    );
    const end = await server.object({ ...place, verb: "get", name: "shared" });
    expect(Object.keys(end.data ?? {})).toHaveLength(300);
  });

  it("of 100 updates of one version exactly one wins", async () => {
    const server = testServer();
    const { metadata } = await server.object({ ...place, verb: "create", body: configMap("one") });
    const results = await Promise.allSettled(
      Array.from({ length: 100 }, (_, i) =>
        server.object({
          ...place,
          verb: "update",
          name: "one",
          body: configMap("one", { by: String(i) }, { resourceVersion: metadata.resourceVersion }),
        }),
      ),
    );
    expect(results.filter((result) => result.status === "fulfilled")).toHaveLength(1);
  });

  it("no two services get the same cluster IP or node port", async () => {
    const server = await fullServer();
    const ports = [
      { port: 80, name: "main" },
      { port: 81, name: "more" },
    ];
    const spec = { type: "NodePort", selector: { a: "b" }, ports };
    const services = await Promise.all(
      Array.from({ length: 400 }, (_, i) =>
        server.object({
          verb: "create",
          resource: "services",
          namespace: "default",
          body: { metadata: { name: `s${i}` }, spec },
        }),
      ),
    );
    const ips = services.map(({ spec }) => spec?.clusterIP);
    const nodePorts = services.flatMap(({ spec }) => (spec?.ports ?? []) as { nodePort: number }[]);
    expect(new Set(ips).size).toBe(400);
    expect(new Set(nodePorts.map(({ nodePort }) => nodePort)).size).toBe(800);
  });
});
