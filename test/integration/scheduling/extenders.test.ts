import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, expect, test } from "vitest";
import { createCluster, resources, scheduling } from "../../../src/index.ts";
import { eventually } from "../../support/eventually.ts";

type Answer = (verb: string, body: Record<string, never>) => unknown;

const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

/** A program that answers as an extender; what it was asked is kept by verb. */
async function extenderProgram(answer: Answer): Promise<{ url: string; asked: Map<string, unknown> }> {
  const asked = new Map<string, unknown>();
  const server: Server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const verb = (request.url ?? "").split("/").at(-1) ?? "";
      const body = JSON.parse(Buffer.concat(chunks).toString());
      asked.set(verb, body);
      const result = answer(verb, body);
      response.statusCode = result === undefined ? 500 : 200;
      response.end(JSON.stringify(result ?? {}));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  closing.push(() => new Promise((resolve) => server.close(resolve)));
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/scheduler`, asked };
}

async function clusterWith(extenders: object[]) {
  const config = scheduling.readConfiguration({
    apiVersion: "kubescheduler.config.k8s.io/v1",
    kind: "KubeSchedulerConfiguration",
    extenders,
  });
  const clock = { now: Date.now, setTimer };
  const cluster = await createCluster({
    nodes: { count: 3, cpu: "2" },
    defaultStorageClass: false,
    scheduler: {
      profiles: scheduling.profilesOf(config),
      extenders: config.extenders.map((extender) => scheduling.createHttpExtender(extender, clock)),
    },
  });
  closing.push(() => cluster.stop());
  const client = cluster.client();
  const pods = client.resource(resources.pods);
  return {
    client,
    create: (name: string, requests: Record<string, string> = {}, priorityClassName?: string) => {
      const containers = [{ name: "c", image: "nginx", resources: { requests, limits: requests } }];
      const spec = { containers, priorityClassName, terminationGracePeriodSeconds: 0 };
      return pods.create({ metadata: { name, namespace: "default" }, spec });
    },
    placed: async (name: string) => {
      const get = () => pods.get({ namespace: "default", name });
      return (await eventually(get, ({ spec }) => spec?.nodeName !== undefined)).spec?.nodeName;
    },
    message: async (name: string) => {
      const get = () => pods.get({ namespace: "default", name });
      const found = (pod: Awaited<ReturnType<typeof get>>) =>
        pod.status?.conditions?.find(({ type, message }) => type === "PodScheduled" && message);
      return found(await eventually(get, (pod) => found(pod) !== undefined))?.message;
    },
  };
}

function setTimer(ms: number, fn: () => void) {
  const timer = setTimeout(fn, ms);
  return { cancel: () => clearTimeout(timer) };
}

test("an extender filters by names, scores, and binds", async () => {
  const bound: unknown[] = [];
  const { url, asked } = await extenderProgram((verb, body) => {
    if (verb === "filter") return { NodeNames: ["node-1", "node-3"], FailedNodes: { "node-2": "extender said no" } };
    if (verb === "prioritize")
      return [
        { Host: "node-1", Score: 1 },
        { Host: "node-3", Score: 10 },
      ];
    bound.push(body);
    return { Error: "" };
  });
  const verbs = { filterVerb: "filter", prioritizeVerb: "prioritize", bindVerb: "bind" };
  const world = await clusterWith([{ urlPrefix: url, ...verbs, weight: 5, nodeCacheCapable: true }]);
  await world.create("p");
  await eventually(
    async () => bound.length,
    (count) => count > 0,
  );
  expect(asked.get("filter")).toMatchObject({ Nodes: null, NodeNames: expect.arrayContaining(["node-1", "node-2"]) });
  expect(bound[0]).toMatchObject({ PodName: "p", PodNamespace: "default", Node: "node-3" });
});

test("without a cache of its own an extender gets nodes, and its reasons stand in the pod's condition", async () => {
  const { url, asked } = await extenderProgram(() => ({
    nodes: { items: [] },
    failedNodes: { "node-1": "no licence" },
    failedAndUnresolvableNodes: { "node-2": "no slot", "node-3": "no slot" },
  }));
  const world = await clusterWith([{ urlPrefix: `${url}/`, filterVerb: "filter" }]);
  await world.create("p");
  expect(await world.message("p")).toBe(
    "0/3 nodes are available: 1 no licence, 2 no slot. no new claims to deallocate, preemption: 0/3 nodes are available: 1 No preemption victims found for incoming pod, 2 Preemption is not helpful for scheduling.",
  );
  expect(asked.get("filter")).toMatchObject({ Nodes: { items: [{ kind: "Node" }, {}, {}] }, NodeNames: null });
});

test("an extender is asked only about pods that ask for its resources, which the scheduler then does not count", async () => {
  const { url, asked } = await extenderProgram(() => ({ NodeNames: ["node-2"] }));
  const managedResources = [{ name: "example.com/slot", ignoredByScheduler: true }];
  const world = await clusterWith([{ urlPrefix: url, filterVerb: "filter", nodeCacheCapable: true, managedResources }]);
  await world.create("plain");
  await world.placed("plain");
  expect(asked.size).toBe(0);
  await world.create("special", { "example.com/slot": "1" });
  expect(await world.placed("special")).toBe("node-2");
});

test("an extender that fails stops scheduling with its error, unless it may be ignored", async () => {
  const { url } = await extenderProgram(() => undefined);
  const strict = await clusterWith([{ urlPrefix: url, filterVerb: "filter" }]);
  await strict.create("p");
  expect(await strict.message("p")).toBe(`failed filter with extender at URL ${url}/filter, code 500`);
  const lenient = await clusterWith([{ urlPrefix: url, filterVerb: "filter", ignorable: true }]);
  await lenient.create("p");
  expect(await lenient.placed("p")).toBeDefined();
});

test("an extender chooses among the victims of preemption", async () => {
  const { url, asked } = await extenderProgram((_, { NodeNameToMetaVictims: victims }) => ({
    NodeNameToMetaVictims: { "node-2": victims?.["node-2"] },
  }));
  const world = await clusterWith([{ urlPrefix: url, preemptVerb: "preempt", nodeCacheCapable: true }]);
  await world.client.resource(resources.priorityclasses).create({ metadata: { name: "high" }, value: 1000 });
  for (const name of ["a", "b", "c"]) {
    await world.create(name, { cpu: "2" });
    await world.placed(name);
  }
  await world.create("urgent", { cpu: "2" }, "high");
  expect(await world.placed("urgent")).toBe("node-2");
  expect(Object.keys(asked.get("preempt") as object)).toEqual(["Pod", "NodeNameToMetaVictims"]);
});
