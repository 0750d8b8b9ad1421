import { beforeEach, describe, expect, it } from "vitest";
import { testHost } from "../../host/index.ts";
import { CompactedError, createMemoryStore, type Store, StoreError, type WatchSink } from "../../store/index.ts";
import type { UserInfo } from "../request.ts";
import { defaultBindings, defaultRoles } from "./policy/default-objects.ts";
import { reconcileDefaultPolicy } from "./policy/reconcile.ts";
import type { RoleObject } from "./policy-rule.ts";
import { RbacAuthorizer } from "./rbac-authorizer.ts";
import { RbacIndex } from "./rbac-index.ts";

let store: Store;
let rbac: RbacAuthorizer;
const host = testHost();
beforeEach(async () => {
  store = createMemoryStore(host);
  await reconcileDefaultPolicy(host, store);
  const index = new RbacIndex(store, host);
  await index.start();
  rbac = new RbacAuthorizer(index);
});

const may = (user: UserInfo, verb: string, group: string, resource: string, namespace = "", name = "") => {
  const [main = "", subresource] = resource.split("/");
  return rbac.authorize({
    kind: "resource",
    user,
    verb,
    group,
    version: "v1",
    resource: main,
    subresource,
    namespace,
    name,
  });
};
const controller = (name: string): UserInfo => ({
  name: `system:serviceaccount:kube-system:${name}`,
  groups: ["system:serviceaccounts", "system:serviceaccounts:kube-system", "system:authenticated"],
});

async function change(key: string, edit: (object: RoleObject) => RoleObject): Promise<void> {
  const entry = await store.get(key);
  if (entry === undefined) throw new Error(`no ${key}`);
  const object = edit(structuredClone(entry.object) as RoleObject);
  await store.commit({ compare: [], operations: [{ type: "put", key, object }] });
}

describe("the default policy", () => {
  it("gives each component what it needs, and says why", () => {
    expect(may(controller("deployment-controller"), "create", "apps", "replicasets", "x")).toEqual({
      allowed: true,
      reason:
        'RBAC: allowed by ClusterRoleBinding "system:controller:deployment-controller" of ClusterRole "system:controller:deployment-controller" to ServiceAccount "deployment-controller/kube-system"',
    });
    expect(may(controller("deployment-controller"), "get", "", "secrets", "x").allowed).toBe(false);
    const scheduler = { name: "system:kube-scheduler", groups: ["system:authenticated"] };
    expect(may(scheduler, "create", "", "pods/binding", "x").allowed).toBe(true);
    expect(may(scheduler, "get", "coordination.k8s.io", "leases", "kube-system", "kube-scheduler").allowed).toBe(true);
    expect(may(scheduler, "get", "coordination.k8s.io", "leases", "kube-system", "other").allowed).toBe(false);
  });

  it("gathers admin, edit and view from their parts", () => {
    const rules = (name: string) => rbac.rulesOfRole("ClusterRole", "", name) ?? [];
    expect(rules("view").length).toBeGreaterThan(5);
    expect(rules("edit").length).toBeGreaterThan(rules("view").length);
    expect(rules("admin").length).toBeGreaterThan(rules("edit").length);
  });

  it("names a role in every binding that is there", () => {
    const roles = new Set(defaultRoles().map(({ object }) => `${object.kind}/${object.metadata.name}`));
    for (const { object } of defaultBindings())
      expect(roles).toContain(`${object.roleRef.kind}/${object.roleRef.name}`);
  });

  it("is written in one revision, and not again", async () => {
    const { revision } = store;
    expect(revision).toBeLessThan(3);
    await reconcileDefaultPolicy(host, store);
    expect(store.revision).toBe(revision);
  });

  it("gets back what was taken from it, keeps what was added, and leaves alone who does not want it", async () => {
    const key = "/registry/clusterroles/system:basic-user";
    const extra = { verbs: ["get"], apiGroups: [""], resources: ["nodes"] };
    await change(key, (role) => ({ ...role, rules: [extra] }));
    await reconcileDefaultPolicy(host, store);
    const rules = rbac.rulesOfRole("ClusterRole", "", "system:basic-user") ?? [];
    expect(rules).toContainEqual(extra);
    expect(rules.length).toBe(4);
    await change(key, (role) => {
      const annotations = { "rbac.authorization.kubernetes.io/autoupdate": "false" };
      return { ...role, rules: [], metadata: { ...role.metadata, annotations } };
    });
    await reconcileDefaultPolicy(host, store);
    expect(rbac.rulesOfRole("ClusterRole", "", "system:basic-user")).toEqual([]);
  });
});

it("follows anew when the store has lost history, also when that does not answer at once", async () => {
  const sinks: WatchSink[] = [];
  let failures = 0;
  const ending: Store = {
    get revision() {
      return store.revision;
    },
    get: (key) => store.get(key),
    list: async (prefix, at) => {
      if (failures > 0) {
        failures--;
        throw new StoreError("no answer");
      }
      return store.list(prefix, at);
    },
    commit: (txn) => store.commit(txn),
    watch: (_prefix, _after, sink) => {
      sinks.push(sink);
      return { cancel: () => {} };
    },
    compact: (before) => store.compact(before),
    close: () => store.close(),
  };
  const index = new RbacIndex(ending, host);
  await index.start();
  const role = {
    apiVersion: "rbac.authorization.k8s.io/v1",
    kind: "ClusterRole",
    metadata: { name: "late" },
    rules: [],
  };
  await store.commit({ compare: [], operations: [{ type: "put", key: "/registry/clusterroles/late", object: role }] });
  expect(index.rules("ClusterRole", "", "late")).toBeUndefined();
  failures = 5;
  for (const sink of sinks.splice(0)) sink.closed(new CompactedError(store.revision));
  await host.clock.advance(10_000);
  expect(index.rules("ClusterRole", "", "late")).toEqual([]);
  index.close();
});
