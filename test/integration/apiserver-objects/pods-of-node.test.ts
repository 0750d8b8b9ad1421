// The pods of one node out of many: answered by an index, which must never differ from looking at all of them.
import { expect, it } from "vitest";
import { seededRandom } from "../../../src/host/index.ts";
import { type TestServer, testServer } from "./server.ts";

const podsKey = (name: string) => `/registry/pods/default/${name}`;
const nodes = ["n0", "n1", "n2", ""];

function put(name: string, nodeName: string) {
  const object = { apiVersion: "v1", kind: "Pod", metadata: { name, namespace: "default" }, spec: { nodeName } };
  return { type: "put" as const, key: podsKey(name), object };
}

async function namesOn(server: TestServer, node: string, options: object = {}): Promise<(string | undefined)[]> {
  const items = await server.items({
    resource: "pods",
    options: { fieldSelector: `spec.nodeName=${node}`, ...options },
  });
  return items.map(({ metadata }) => metadata.name);
}

/** Without an index: a list of all, looked at one by one. */
async function expectedOn(server: TestServer, node: string): Promise<(string | undefined)[]> {
  const items = await server.items({ resource: "pods" });
  return items.filter(({ spec }) => (spec?.nodeName ?? "") === node).map(({ metadata }) => metadata.name);
}

it("a list of one node's pods has exactly those, whatever was created, moved and deleted", async () => {
  const server = testServer();
  const random = seededRandom(5);
  for (let i = 0; i < 400; i++) {
    const name = `p${Math.floor(random.next() * 60)}`;
    const isThere = (await server.store.get(podsKey(name))) !== undefined;
    const node = nodes[Math.floor(random.next() * nodes.length)] ?? "";
    const operation =
      isThere && random.next() < 0.4 ? { type: "delete" as const, key: podsKey(name) } : put(name, node);
    await server.store.commit({ compare: [], operations: [operation] });
    if (i % 20 !== 0) continue;
    for (const each of nodes) {
      expect(await namesOn(server, each)).toEqual(await expectedOn(server, each));
      expect(await namesOn(server, each, { limit: 500 })).toEqual(await expectedOn(server, each));
    }
  }
});

it("an index that is being made while pods come and go is right in the end", async () => {
  const server = testServer();
  for (let i = 0; i < 900; i++) await server.store.commit({ compare: [], operations: [put(`p${i}`, `n${i % 3}`)] });
  const listing = namesOn(server, "n1");
  for (let turn = 0; turn < 8; turn++) {
    await server.store.commit({ compare: [], operations: [put(`p${turn * 100}`, "n1")] });
    await server.store.commit({ compare: [], operations: [{ type: "delete", key: podsKey(`p${turn * 100 + 1}`) }] });
    await server.host.clock.advance(0);
  }
  expect((await listing).length).toBeGreaterThan(290); // of one moment between the first change and the last
  expect(await namesOn(server, "n1")).toEqual(await expectedOn(server, "n1"));
  const watch = await server.watch({ resource: "pods", options: { fieldSelector: "spec.nodeName=n1" } });
  await expect.poll(() => watch.events.length).toBe((await expectedOn(server, "n1")).length);
  watch.stop();
});
