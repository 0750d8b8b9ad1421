import { builtinKinds, createKindRegistry } from "../api/kinds/index.ts";
import { deepFreeze, formatTime, type KubeObject, keyOf, keyString } from "../api/meta/index.ts";
import type { Pod } from "../api/types/index.ts";
// biome-ignore lint/style/noRestrictedImports: controllers are tested on the real API server.
import { createApiHandler } from "../apiserver/handlers/index.ts";
// biome-ignore lint/style/noRestrictedImports: controllers are tested on the real API server.
import type { ApiHandler, ApiRequest, WatchEvent } from "../apiserver/index.ts";
import {
  type Client,
  createClient,
  directTransport,
  type ResourceType,
  registryDiscovery,
  resources,
  type Transport,
} from "../client/index.ts";
import { type TestHost, testHost } from "../host/index.ts";
// biome-ignore lint/style/noRestrictedImports: controllers are tested on the real API server.
import { createMemoryStore } from "../store/index.ts";
import { type ControllersConfig, type RunningControllers, startControllers } from "./index.ts";

/** For tests: a real API server over a memory store in virtual time, some controllers, and pods that the test moves along. */
export interface TestCluster {
  readonly host: TestHost;
  readonly client: Client;
  readonly controllers: RunningControllers;
  /** Writes since the last call, as `verb resource name`; what only the test's own client did is left out. */
  writes(): string[];
  all<T extends KubeObject>(type: ResourceType<T>): Promise<T[]>;
  one<T extends KubeObject>(type: ResourceType<T>, name: string): Promise<T>;
  /** Lets everything settle and a little time pass. */
  settle(ms?: number): Promise<void>;
  /** Makes pods Running and Ready that are not, as nodes would. */
  runPods(more?: (pod: Pod) => Partial<NonNullable<Pod["status"]>>): Promise<void>;
  /** Ends pods that are being deleted, as nodes would. */
  endDeletedPods(): Promise<void>;
  events(): Promise<string[]>;
  stop(): Promise<void>;
}

const writing = new Set(["create", "update", "patch", "delete", "deletecollection"]);

export interface TestClusterOptions {
  /** Stands between the controllers and the API server: for APIs that others serve, and for faults. */
  readonly transport?: (inner: Transport) => Transport;
}

export async function testCluster(
  only: readonly string[],
  config: ControllersConfig = {},
  options: TestClusterOptions = {},
): Promise<TestCluster> {
  const host = testHost();
  const store = createMemoryStore(host);
  const kinds = createKindRegistry(builtinKinds());
  const server = createApiHandler({ host, store, kinds });
  let log: string[] = [];
  const spying: ApiHandler = {
    handle: async (request: ApiRequest) => {
      const sub = request.subresource ? `/${request.subresource}` : "";
      const name = request.name ?? (request.body as KubeObject | undefined)?.metadata?.name ?? "";
      if (writing.has(request.verb)) log.push(`${request.verb} ${request.resource}${sub} ${name}`.trim());
      // What comes from the server is frozen, so that changing it throws.
      const response = await server.handle(request);
      if (response.kind === "object") deepFreeze(response.object);
      if (response.kind === "list") for (const { object } of response.items) deepFreeze(object);
      return response;
    },
    watch: (request, sink) => {
      const events = (batch: readonly WatchEvent[]) => {
        for (const event of batch) if (event.type !== "ERROR") deepFreeze(event.object);
        sink.events(batch);
      };
      return server.watch(request, { events, end: () => sink.end() });
    },
  };
  const user = { name: "system:kube-controller-manager", groups: ["system:masters"] };
  const client = createClient(directTransport(server, { user, userAgent: "test/1" }));
  const controllerTransport = directTransport(spying, { user, userAgent: "kube-controller-manager/v1.36" });
  const controllerClient = createClient(options.transport?.(controllerTransport) ?? controllerTransport);
  await client.resource(resources.namespaces).create({ metadata: { name: "default" }, spec: {} });
  const controllers = startControllers({
    client: controllerClient,
    discovery: registryDiscovery(kinds),
    host,
    config,
    only,
  });
  await host.clock.settle();

  const all = async <T extends KubeObject>(type: ResourceType<T>): Promise<T[]> => {
    const items = [...(await client.resource(type).list()).items];
    return items.sort((a, b) => (keyString(keyOf(a)) < keyString(keyOf(b)) ? -1 : 1));
  };
  const settle = async (ms = 100): Promise<void> => {
    await host.clock.settle();
    await host.clock.advance(ms);
    await host.clock.settle();
  };
  let address = 0;
  return {
    host,
    client,
    controllers,
    all,
    settle,
    writes: () => {
      const seen = log.filter((line) => !line.includes(" events"));
      log = [];
      return seen;
    },
    one: (type, name) => client.resource(type).get(type.namespaced ? { namespace: "default", name } : { name }),
    runPods: async (more) => {
      const now = formatTime(host.clock.now());
      for (const pod of await all(resources.pods)) {
        if ((pod.status?.phase ?? "Pending") !== "Pending" || pod.metadata.deletionTimestamp !== undefined) continue;
        if (!pod.spec.nodeName) {
          const target = { apiVersion: "v1", kind: "Node", name: "node-1" };
          const binding = { apiVersion: "v1", kind: "Binding", metadata: { name: pod.metadata.name }, target };
          await client.resource(resources.pods).subresource("binding").create(keyOf(pod), binding);
        }
        const bound = await client.resource(resources.pods).get(keyOf(pod));
        const podIP = `10.244.0.${++address}`;
        const conditions = [{ type: "Ready", status: "True", lastTransitionTime: now }];
        const status = { phase: "Running", podIP, podIPs: [{ ip: podIP }], conditions, ...more?.(pod) };
        await client.resource(resources.pods).updateStatus({ ...bound, status: { ...bound.status, ...status } });
      }
      await settle();
    },
    endDeletedPods: async () => {
      for (const pod of await all(resources.pods)) {
        if (pod.metadata.deletionTimestamp === undefined) continue;
        await client.resource(resources.pods).delete(keyOf(pod), { gracePeriodSeconds: 0 });
      }
      await settle();
    },
    events: async () => {
      const events = await all(resources.events);
      return events
        .sort((a, b) => Number(a.metadata.resourceVersion) - Number(b.metadata.resourceVersion))
        .map((event) => `${event.type} ${event.reason} ${event.involvedObject.kind}: ${event.message}`);
    },
    stop: async () => {
      await controllers.stop();
      await store.close();
    },
  };
}
