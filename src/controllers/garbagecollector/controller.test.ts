import { afterEach, expect, test } from "vitest";
import { type KubeObject, ownerReference } from "../../api/meta/index.ts";
import { resources } from "../../client/index.ts";
import { type TestCluster, testCluster } from "../test-cluster.ts";

let cluster: TestCluster;
afterEach(() => cluster.stop());

const writer = () => cluster.client.resource(resources.configmaps);
const key = (name: string) => ({ namespace: "default", name });

async function start() {
  cluster = await testCluster(["garbage-collector-controller"]);
  await cluster.settle();
}

async function make(
  name: string,
  owners: KubeObject[] = [],
  more: { blockOwnerDeletion?: boolean; finalizers?: string[] } = {},
) {
  const { finalizers, ...flags } = more;
  const ownerReferences = owners.map((owner) => ownerReference(owner, flags));
  const made = await writer().create({ metadata: { ...key(name), ownerReferences, finalizers } });
  await cluster.settle();
  return made;
}

async function names() {
  await cluster.settle();
  return (await cluster.all(resources.configmaps)).map(({ metadata }) => metadata.name);
}

test("what lost its only owner goes, and what that owned", async () => {
  await start();
  const owner = await make("owner");
  const child = await make("child", [owner]);
  await make("grandchild", [child]);
  await make("other");
  await writer().delete(key("owner"), { propagationPolicy: "Background" });
  expect(await names()).toEqual(["other"]);
});

test("an object with another owner stays and loses the reference", async () => {
  await start();
  const [one, two] = [await make("one"), await make("two")];
  await make("child", [one, two]);
  await writer().delete(key("one"), { propagationPolicy: "Background" });
  expect(await names()).toEqual(["child", "two"]);
  const child = await cluster.one(resources.configmaps, "child");
  expect(child.metadata.ownerReferences?.map((owner) => owner.name)).toEqual(["two"]);
});

test("in the foreground the owner goes last", async () => {
  await start();
  const owner = await make("owner");
  await make("child", [owner], { blockOwnerDeletion: true, finalizers: ["example.com/hold"] });
  await writer().delete(key("owner"), { propagationPolicy: "Foreground" });
  expect(await names()).toEqual(["child", "owner"]);
  await writer().patch(key("child"), "merge", { metadata: { finalizers: null } });
  expect(await names()).toEqual([]);
});

test("orphans stay and lose the reference", async () => {
  await start();
  const owner = await make("owner");
  await make("child", [owner]);
  await writer().delete(key("owner"), { propagationPolicy: "Orphan" });
  expect(await names()).toEqual(["child"]);
  const child = await cluster.one(resources.configmaps, "child");
  expect(child.metadata.ownerReferences ?? []).toEqual([]);
});

test("an owner that never was is as one that is gone", async () => {
  await start();
  const owner = await make("owner");
  await make("child", [{ ...owner, metadata: { ...owner.metadata, uid: "00000000-0000-4000-8000-000000000000" } }]);
  expect(await names()).toEqual(["owner"]);
});

test("an owner in another namespace does not count", async () => {
  await start();
  await cluster.client.resource(resources.namespaces).create({ metadata: { name: "far" }, spec: {} });
  const owner = await writer().create({ metadata: { namespace: "far", name: "owner" } });
  await cluster.settle();
  await make("child", [owner]);
  expect(await names()).toEqual(["owner"]);
});

test("it stops before it has seen everything", async () => {
  let listed = () => {};
  const forever = new Promise<never>(() => {});
  const asked = new Promise<void>((resolve) => {
    listed = resolve;
  });
  cluster = await testCluster(
    ["garbage-collector-controller"],
    {},
    {
      transport: (inner) => ({
        ...inner,
        request: (request) => {
          if (request.verb !== "list") return inner.request(request);
          listed();
          return forever;
        },
      }),
    },
  );
  await asked;
  await cluster.stop();
});
