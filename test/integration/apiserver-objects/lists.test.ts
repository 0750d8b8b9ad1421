import { describe, expect, it } from "vitest";
import { isApiError } from "../../../src/api/meta/index.ts";
import { configMap, type TestServer, testServer } from "./server.ts";

const place = { resource: "configmaps", namespace: "default" } as const;

async function filled(count: number): Promise<TestServer> {
  const server = testServer();
  for (let i = 0; i < count; i++) {
    const labels = { parity: i % 2 === 0 ? "even" : "odd" };
    await server.object({ ...place, verb: "create", body: configMap(`c${i}`, {}, { labels }) });
  }
  return server;
}

async function page(server: TestServer, options: object) {
  const answer = await server.request({ ...place, verb: "list", options });
  if (answer.kind !== "list") throw new Error("no list");
  return { metadata: answer.metadata, names: answer.items.map(({ object }) => object.metadata.name) };
}

describe("a list", () => {
  it("comes in pages of one revision, whatever is written meanwhile", async () => {
    const server = await filled(5);
    const first = await page(server, { limit: 2 });
    expect(first.metadata.remainingItemCount).toBe(3);
    await server.object({ ...place, verb: "create", body: configMap("c1b") });
    await server.request({ ...place, verb: "delete", name: "c3" });
    const second = await page(server, { limit: 2, continue: first.metadata.continue });
    const third = await page(server, { limit: 2, continue: second.metadata.continue });
    expect([...first.names, ...second.names, ...third.names]).toEqual(["c0", "c1", "c2", "c3", "c4"]);
    expect(third.metadata.continue).toBeUndefined();
    expect(third.metadata.resourceVersion).toBe(first.metadata.resourceVersion);
  });

  it("selects by labels and by name", async () => {
    const server = await filled(4);
    expect((await page(server, { labelSelector: "parity=odd" })).names).toEqual(["c1", "c3"]);
    expect((await page(server, { fieldSelector: "metadata.name=c2" })).names).toEqual(["c2"]);
    expect((await page(server, { fieldSelector: "metadata.name=c" })).names).toEqual([]);
  });

  it("goes on in the newest revision when its own is gone", async () => {
    const server = await filled(4);
    const first = await page(server, { limit: 2 });
    await server.object({ ...place, verb: "create", body: configMap("z") });
    await server.store.compact(server.store.revision);
    const err = await page(server, { limit: 2, continue: first.metadata.continue }).catch((error: unknown) => error);
    expect(isApiError(err) && err.code).toBe(410);
    const token = isApiError(err) ? err.status.metadata.continue : undefined;
    expect((await page(server, { continue: token })).names).toEqual(["c2", "c3", "z"]);
  });

  it("of a past revision shows that revision", async () => {
    const server = await filled(3);
    const at = String(server.store.revision);
    await server.request({ ...place, verb: "deletecollection" });
    expect((await page(server, {})).names).toEqual([]);
    expect((await page(server, { resourceVersion: at, resourceVersionMatch: "Exact" })).names).toHaveLength(3);
  });

  it("of a revision to come is refused with a hint to retry", async () => {
    const server = await filled(1);
    await expect(page(server, { resourceVersion: "999" })).rejects.toMatchObject({
      status: { code: 504, details: { retryAfterSeconds: 1 } },
    });
  });
});
