import { builtinKinds, createKindRegistry } from "../../api/kinds/index.ts";
import type { KubeObject } from "../../api/meta/index.ts";
import type { Node, Pod } from "../../api/types/index.ts";
// biome-ignore lint/style/noRestrictedImports: only tests use this file; they play on the real API server
import { createAdmissionChain } from "../../apiserver/admission/index.ts";
// biome-ignore lint/style/noRestrictedImports: only tests use this file; they play on the real API server
import { createApiHandler } from "../../apiserver/handlers/index.ts";
import { type Client, createClient, directTransport, resources } from "../../client/index.ts";
import { type Logger, type TestHost, testHost } from "../../host/index.ts";
// biome-ignore lint/style/noRestrictedImports: only tests use this file; they play on the real API server
import { createMemoryStore } from "../../store/index.ts";
import { type Kubelets, type KubeletsOptions, startKubelets } from "../index.ts";

/** For tests: a real API over a memory store, and simulated nodes, in virtual time; tests are the scheduler. */
export interface TestCluster {
  readonly host: TestHost;
  readonly client: Client;
  kubelets: Kubelets;
  /** Makes pods bound to a node. */
  run(...pods: readonly PodDraft[]): Promise<void>;
  pod(name: string): Promise<Pod>;
  findPod(name: string): Promise<Pod | undefined>;
  node(name?: string): Promise<Node>;
  /** `REASON: message (count)` of a pod's events, in order. */
  events(name: string): Promise<string[]>;
  seconds(count: number): Promise<void>;
  restart(): Promise<void>;
  stop(): Promise<void>;
}

export type PodDraft = { readonly metadata: KubeObject["metadata"]; readonly spec: Pod["spec"] };

const namespace = "default";

export async function testCluster(options: Partial<KubeletsOptions> & { log?: Logger } = {}): Promise<TestCluster> {
  const host = testHost({ log: options.log });
  const store = createMemoryStore(host);
  const handler = createApiHandler({
    host,
    store,
    kinds: createKindRegistry(builtinKinds()),
    admission: createAdmissionChain([]),
  });
  const user = { name: "admin", groups: ["system:masters"] };
  const client = createClient(directTransport(handler, { user, userAgent: "kubelet" }));
  for (const name of [namespace, "kube-node-lease"]) {
    await client.resource(resources.namespaces).create({ metadata: { name } } as never);
  }
  const nodes = options.nodes ?? [{ name: "node-1", podCIDR: "10.244.0.0/24", ip: "192.0.2.2" }];
  const begin = (): Kubelets => startKubelets({ client, host, ...options, nodes });
  const cluster: TestCluster = {
    host,
    client,
    kubelets: begin(),
    async run(...pods) {
      for (const { metadata, spec } of pods) {
        const bound = { nodeName: nodes[0]?.name, ...spec };
        await client.resource(resources.pods).create({ metadata: { namespace, ...metadata }, spec: bound } as never);
      }
      await settle(host);
    },
    pod: (name) => client.resource(resources.pods).get({ namespace, name }),
    findPod: (name) => client.resource(resources.pods).find({ namespace, name }),
    node: (name = "node-1") => client.resource(resources.nodes).get({ name }),
    async events(name) {
      const { items } = await client.resource(resources.events).list({ namespace });
      return items
        .filter((event) => event.involvedObject.name === name)
        .sort((a, b) => Number(a.metadata.name?.slice(-8)) - Number(b.metadata.name?.slice(-8)))
        .map(({ reason, message, count }) => `${reason}: ${message}${count === 1 ? "" : ` (${count})`}`);
    },
    async seconds(count) {
      await settle(host);
      await host.clock.advance(count * 1000);
      await settle(host);
    },
    async restart() {
      await cluster.kubelets.stop();
      cluster.kubelets = begin();
      await cluster.kubelets.ready;
      await settle(host);
    },
    stop: () => cluster.kubelets.stop(),
  };
  await cluster.kubelets.ready;
  await settle(host);
  return cluster;
}

/** Long enough for a chain of writes: each takes turns of the event loop. */
async function settle(host: TestHost): Promise<void> {
  for (let times = 0; times < 8; times++) await host.clock.settle();
}

export function podOf(name: string, spec: Partial<NonNullable<Pod["spec"]>> = {}): PodDraft {
  return {
    metadata: { name },
    spec: { terminationGracePeriodSeconds: 1, containers: [{ name: "a", image: "nginx:1.27" }], ...spec },
  };
}

/** A container of the box image with a shell script. */
export function box(name: string, script: string, more: object = {}) {
  const image = "docker.io/library/busybox:latest";
  return { name, image, imagePullPolicy: "Never", command: ["sh", "-c", script], ...more };
}
