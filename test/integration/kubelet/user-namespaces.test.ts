// Pods with users of their own, as a runtime that can map them is told of them, and as their users see it where none can.
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { Pod } from "../../../src/api/types/index.ts";
import { systemHost } from "../../../src/host/index.ts";
import { type Cluster, createCluster, resources } from "../../../src/index.ts";
import { type RealKubelet, startRealKubelet } from "../../../src/kubelet/index.ts";
import { CriServer } from "../../support/cri-server.ts";
import { eventually } from "../../support/eventually.ts";

const idsPerPod = 65_536;
const canMap = [{ name: "", features: { userNamespaces: true } }];

let runtime: CriServer;
let cluster: Cluster;
let folder: string;
let kubelet: RealKubelet | undefined;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "sampan-users-"));
  [runtime, cluster] = await Promise.all([CriServer.start({ handlers: canMap }), createCluster({ nodes: false })]);
});
afterEach(async () => {
  await kubelet?.stop();
  await cluster.stop();
  runtime.stop();
  rmSync(folder, { recursive: true });
});

async function start(): Promise<void> {
  kubelet = await startRealKubelet({
    client: cluster.client({ name: "system:node:node-1", groups: ["system:nodes", "system:authenticated"] }, "kubelet"),
    host: systemHost({ log: { level: "error" } }),
    node: { name: "node-1", ip: "127.0.0.1" },
    containerRuntimeEndpoint: runtime.endpoint,
    rootDir: join(folder, "kubelet"),
    podLogsDir: join(folder, "logs"),
    containerLogsDir: join(folder, "links"),
    network: false,
  });
  await kubelet.ready;
  await kubelet.whenNodeReady();
}

const pods = () => cluster.client().resource(resources.pods);

async function create(name: string, hostUsers?: boolean): Promise<void> {
  const account = { namespace: "default", name: "default" };
  await eventually(() => cluster.client().resource(resources.serviceaccounts).find(account), Boolean);
  await pods().create({
    metadata: { name, namespace: "default" },
    spec: {
      nodeName: "node-1",
      hostUsers,
      automountServiceAccountToken: false,
      terminationGracePeriodSeconds: 0,
      containers: [
        { name: "c", image: "busybox", imagePullPolicy: "Never", volumeMounts: [{ name: "v", mountPath: "/v" }] },
      ],
      volumes: [{ name: "v", emptyDir: {} }],
    },
  } as never);
}

async function until(name: string, holds: (pod: Pod) => boolean): Promise<Pod> {
  const found = await eventually(
    () => pods().find({ namespace: "default", name }),
    (pod) => pod !== undefined && holds(pod),
  );
  if (found === undefined) throw new Error(`there is no pod ${name}`);
  return found;
}

const runs = ({ status }: Pod) => status?.phase === "Running";
const fileOf = ({ metadata }: Pod) => join(folder, "kubelet", "pods", metadata.uid ?? "", "userns");
const usersOf = ({ config }: Awaited<ReturnType<CriServer["requests"]>>[number]): unknown =>
  config.linux.securityContext.namespaceOptions.usernsOptions;

/** As the runtime is told of them. */
function mappings(first: number) {
  return [{ hostId: first, containerId: 0, length: idsPerPod }];
}

test("a pod with users of its own gets IDs that no other has, for its sandbox, its containers and what they mount", async () => {
  await start();
  await create("own", false);
  await create("other", false);
  await create("hosts");
  const [own, other] = [await until("own", runs), await until("other", runs)];
  await until("hosts", runs);

  const firsts = [own, other].map((pod) => {
    const text = readFileSync(fileOf(pod), "utf8");
    const { uidMappings } = JSON.parse(text) as { readonly uidMappings: readonly { readonly hostId: number }[] };
    const first = uidMappings[0]?.hostId ?? 0;
    expect(JSON.parse(text)).toEqual({ uidMappings: mappings(first), gidMappings: mappings(first) });
    return first;
  });
  expect(new Set(firsts).size).toBe(2);
  for (const first of firsts) {
    expect(first % idsPerPod).toBe(0);
    expect(first).toBeGreaterThanOrEqual(idsPerPod);
  }
  const users = { mode: "POD", uids: mappings(firsts[0] ?? 0), gids: mappings(firsts[0] ?? 0) };
  const of = (method: string, name: string) => {
    const found = runtime.requests(method).find(({ config, sandboxConfig }) => {
      return (sandboxConfig ?? config).metadata.name === name;
    });
    if (found === undefined) throw new Error(`nobody asked for ${method} of ${name}`);
    return found;
  };
  expect(usersOf(of("RunPodSandbox", "own"))).toEqual(users);
  const made = of("CreateContainer", "own");
  expect(usersOf(made)).toEqual(users);
  const mounts = made.config.mounts as { containerPath: string; uidMappings: unknown; gidMappings: unknown }[];
  expect(mounts.map(({ containerPath }) => containerPath)).toEqual(["/v", "/etc/hosts", "/dev/termination-log"]);
  for (const mount of mounts) expect(mount).toMatchObject({ uidMappings: users.uids, gidMappings: users.gids });

  expect(usersOf(of("RunPodSandbox", "hosts"))).toMatchObject({ mode: "NODE", uids: [], gids: [] });
  expect(of("CreateContainer", "hosts").config.mounts[0].uidMappings).toEqual([]);
  const metrics = (await kubelet?.served.host.metrics.render()) ?? "";
  expect(metrics).toContain("kubelet_started_user_namespaced_pods_total 2");
});

test("a pod keeps its IDs over a restart of the kubelet, and gives them back when it is gone", async () => {
  await start();
  await create("p", false);
  const pod = await until("p", runs);
  const before = readFileSync(fileOf(pod), "utf8");
  await kubelet?.stop();
  await start();
  await until("p", runs);
  // A container that is made by the new kubelet has the IDs of the old one's sandbox.
  await pods().patch({ namespace: "default", name: "p" }, "strategic", {
    spec: { containers: [{ name: "c", image: "busybox:2" }] },
  });
  await eventually(
    async () => runtime.requests("CreateContainer").length,
    (count) => count === 2,
  );
  const users = runtime.requests("CreateContainer").map(usersOf);
  expect(users[1]).toEqual(users[0]);
  expect(runtime.requests("RunPodSandbox")).toHaveLength(1);
  expect(readFileSync(fileOf(pod), "utf8")).toBe(before);

  await pods().delete({ namespace: "default", name: "p" });
  await eventually(
    () => pods().find({ namespace: "default", name: "p" }),
    (found) => found === undefined,
  );
  await eventually(
    async () => existsSync(fileOf(pod)),
    (isThere) => !isThere,
  );
});

test.each([
  ["tells of no handlers", [], ": runtime handlers are not set"],
  ["cannot map users", [{ name: "", features: {} }], ""],
  ["has no default handler", [{ name: "kata", features: { userNamespaces: true } }], ': the handler "" is not known'],
])("where the runtime %s the pod is told, and other pods run", async (_, handlers, why) => {
  runtime.handlers = handlers;
  await start();
  await create("own", false);
  await create("hosts");
  await until("hosts", runs);
  const message = `Failed to create pod sandbox: can't set \`spec.hostUsers: false\`, runtime does not support user namespaces${why}`;
  const events = () => cluster.client().resource(resources.events).list({ namespace: "default" });
  await eventually(events, ({ items }) =>
    items.some((event) => event.reason === "FailedCreatePodSandBox" && event.message === message),
  );
  expect((await until("own", () => true)).status?.phase).toBe("Pending");
});
