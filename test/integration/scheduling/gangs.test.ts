import { afterEach, expect, test } from "vitest";
import type { schedulingV1alpha2 } from "../../../src/api/types/index.ts";
import { type client, resources } from "../../../src/index.ts";
import { startWorld, type World } from "./world.ts";

let world: World | undefined;
afterEach(async () => {
  await world?.stop();
  world = undefined;
});

const podGroups: client.ResourceType<schedulingV1alpha2.PodGroup> = {
  group: "scheduling.k8s.io",
  version: "v1alpha2",
  resource: "podgroups",
  kind: "PodGroup",
  namespaced: true,
};

/** A cluster whose scheduler has the plugin, and may read pod groups. */
async function startGangWorld(): Promise<World> {
  const plugins = { multiPoint: { enabled: [{ name: "GangScheduling" }] } };
  const started = await startWorld({
    nodes: { count: 2, cpu: "2" },
    runtimeConfig: "scheduling.k8s.io/v1alpha2=true",
    scheduler: { profiles: [{ schedulerName: "default-scheduler", plugins }] },
  });
  const name = "scheduler-pod-groups";
  const rules = [{ apiGroups: ["scheduling.k8s.io"], resources: ["podgroups"], verbs: ["get", "list", "watch"] }];
  await started.client.resource(resources.clusterroles).create({ metadata: { name }, rules });
  await started.client.resource(resources.clusterrolebindings).create({
    metadata: { name },
    roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name },
    subjects: [{ kind: "User", apiGroup: "rbac.authorization.k8s.io", name: "system:kube-scheduler" }],
  });
  await started.host.clock.advance(60_000);
  return started;
}

async function createGroup({ client }: World, name: string, minCount: number): Promise<void> {
  const spec = { schedulingPolicy: { gang: { minCount } } };
  await client.resource(podGroups).create({ metadata: { name, namespace: "default" }, spec });
}

const member = (podGroupName: string, cpu: string) => ({
  schedulingGroup: { podGroupName },
  containers: [{ name: "c", image: "nginx", resources: { requests: { cpu } } }],
});

test("a gang waits for its group and for enough pods, then all get their nodes", async () => {
  world = await startGangWorld();
  await world.create("a", member("g", "1"));
  await world.host.clock.advance(2000);
  await createGroup(world, "g", 3);
  await world.create("b", member("g", "1"));
  await world.host.clock.advance(60_000);
  expect(await Promise.all(["a", "b"].map(world.nodeOf))).toEqual([undefined, undefined]);
  await world.create("c", member("g", "1"));
  await world.host.clock.advance(2000);
  expect(await Promise.all(["a", "b", "c"].map(world.nodeOf))).not.toContain(undefined);
});

test("a gang that does not fit as a whole takes no room, and gets its nodes once there is room", async () => {
  world = await startGangWorld();
  await world.create("blocker", { ...member("", "1"), schedulingGroup: undefined });
  await world.host.clock.advance(2000);
  await createGroup(world, "g", 4);
  const names = ["a", "b", "c", "d"];
  for (const name of names) await world.create(name, member("g", "1"));
  await world.host.clock.advance(5000);
  expect(new Set(await Promise.all(names.map(world.nodeOf)))).toEqual(new Set([undefined]));
  const messages = await Promise.all(names.map(async (name) => (await world?.condition(name))?.message));
  expect(messages.filter((text) => text?.includes("minCount (4) cannot be satisfied: 3 scheduled"))).toHaveLength(3);
  await world.create("small", { ...member("", "1"), schedulingGroup: undefined });
  await world.host.clock.advance(2000);
  expect(await world.nodeOf("small")).toBeDefined();
  for (const name of ["blocker", "small"]) {
    await world.client.resource(resources.pods).delete({ namespace: "default", name });
  }
  await world.host.clock.advance(120_000);
  expect(await Promise.all(names.map(world.nodeOf))).not.toContain(undefined);
});
