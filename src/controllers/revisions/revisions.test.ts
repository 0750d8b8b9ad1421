import { afterEach, expect, test } from "vitest";
import { resources } from "../../client/index.ts";
import { type TestCluster, testCluster } from "../test-cluster.ts";

let cluster: TestCluster;
afterEach(() => cluster.stop());

const metadata = { namespace: "default", name: "agent" };
const spec = {
  selector: { matchLabels: { app: "agent" } },
  template: { metadata: { labels: { app: "agent" } }, spec: { containers: [{ name: "c", image: "i:1" }] } },
};

async function revisionNames() {
  return (await cluster.all(resources.controllerrevisions)).map(({ metadata: { name } }) => name);
}

test("a template whose hash another one has already is counted as a collision and gets another hash", async () => {
  cluster = await testCluster(["daemonset-controller"]);
  await cluster.client.resource(resources.daemonsets).create({ metadata, spec });
  await cluster.settle();
  const [name = ""] = await revisionNames();
  await cluster.stop();
  cluster = await testCluster(["daemonset-controller"]);
  const stranger = { metadata: { namespace: "default", name }, data: {}, revision: 1 };
  await cluster.client.resource(resources.controllerrevisions).create(stranger);
  await cluster.client.resource(resources.daemonsets).create({ metadata, spec });
  await cluster.settle();
  const names = await revisionNames();
  expect(names).toHaveLength(2);
  expect(names).toContain(name);
  expect((await cluster.one(resources.daemonsets, "agent")).status?.collisionCount).toBe(1);
});

test("going back to an earlier template makes its revision the newest, and no new one", async () => {
  cluster = await testCluster(["daemonset-controller"]);
  await cluster.client.resource(resources.daemonsets).create({ metadata, spec });
  await cluster.settle();
  const setImage = async (image: string) => {
    const patch = { spec: { template: { spec: { containers: [{ name: "c", image }] } } } };
    await cluster.client.resource(resources.daemonsets).patch(metadata, "strategic", patch);
    await cluster.settle();
  };
  const [first] = await revisionNames();
  await setImage("i:2");
  await setImage("i:1");
  const revisions = await cluster.all(resources.controllerrevisions);
  expect(revisions).toHaveLength(2);
  expect(revisions.find((one) => one.metadata.name === first)?.revision).toBe(3);
});
