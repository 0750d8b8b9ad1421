import { afterEach, expect, test } from "vitest";
import { builtinKinds, createKindRegistry } from "../../api/kinds/index.ts";
import type { Lease } from "../../api/types/index.ts";
import { testHost } from "../../host/index.ts";
import { createMemoryStore } from "../../store/index.ts";
import { createApiHandler } from "../handlers/index.ts";
import { apiServerId, keepIdentityLease } from "./identity-lease.ts";
import type { Keeper } from "./keeper.ts";

let keepers: Keeper[] = [];
afterEach(async () => {
  for (const keeper of keepers) await keeper.close();
  keepers = [];
});

async function start() {
  const host = testHost();
  const store = createMemoryStore(host);
  const kinds = createKindRegistry(builtinKinds());
  const handler = createApiHandler({ host, store, kinds });
  const user = { name: "admin", groups: ["system:masters"] };
  const namespaces = { group: "", version: "v1", resource: "namespaces", options: {}, user };
  await handler.handle({ ...namespaces, verb: "create", body: { metadata: { name: "kube-system" } } });
  const leases = async () => {
    const target = { group: "coordination.k8s.io", version: "v1", resource: "leases", options: {}, user };
    const answer = await handler.handle({ ...target, verb: "list" });
    return answer.kind === "list" ? answer.items.map(({ object }) => object as Lease) : [];
  };
  const serve = (hostname: string) => {
    const keeper = keepIdentityLease({ host, store, kinds, handler }, hostname);
    keepers.push(keeper);
    return keeper;
  };
  return { host, leases, serve };
}

test("the name is made of the machine's, in the original's form", () => {
  expect(apiServerId("a")).toMatch(/^apiserver-[a-z2-7]{26}$/);
  expect(apiServerId("a")).toBe(apiServerId("a"));
  expect(apiServerId("a")).not.toBe(apiServerId("b"));
});

test("an API server says every ten seconds that it is there", async () => {
  const { host, leases, serve } = await start();
  serve("one");
  await host.clock.settle();
  const [lease] = await leases();
  expect(lease?.metadata).toMatchObject({
    name: apiServerId("one"),
    labels: { "apiserver.kubernetes.io/identity": "kube-apiserver", "kubernetes.io/hostname": "one" },
  });
  expect(lease?.spec).toMatchObject({ leaseDurationSeconds: 3600, renewTime: "2026-01-01T00:00:00.000000Z" });
  expect(lease?.spec?.holderIdentity).toMatch(new RegExp(`^${apiServerId("one")}_`));
  await host.clock.advance(10_000);
  await host.clock.settle();
  expect((await leases())[0]?.spec?.renewTime).toBe("2026-01-01T00:00:10.000000Z");
});

test("the lease of one that is gone is taken away by another, not before its time", async () => {
  const { host, leases, serve } = await start();
  const gone = serve("gone");
  serve("there");
  await host.clock.settle();
  await gone.close();
  await host.clock.advance(3_600_000);
  await host.clock.settle();
  expect(await leases()).toHaveLength(2);
  await host.clock.advance(3_600_000);
  await host.clock.settle();
  expect((await leases()).map(({ metadata }) => metadata.name)).toEqual([apiServerId("there")]);
});
