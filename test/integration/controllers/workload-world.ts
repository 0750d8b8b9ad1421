// The cluster that the model test of the workload controllers plays in: the real API, scheduler, kubelets of simulated
// nodes and controllers, in virtual time. Requests of the controllers are late or refused now and then.

import { builtinKinds, createKindRegistry } from "../../../src/api/kinds/index.ts";
import { errors, type KubeObject } from "../../../src/api/meta/index.ts";
import { createApiHandler } from "../../../src/apiserver/handlers/index.ts";
import {
  type Client,
  type ClientRequest,
  createClient,
  directTransport,
  registryDiscovery,
  resources,
  type Transport,
} from "../../../src/client/index.ts";
import { type RunningControllers, startControllers } from "../../../src/controllers/index.ts";
import { sleep, type TestHost, testHost } from "../../../src/host/index.ts";
import { type Kubelets, startKubelets } from "../../../src/kubelet/index.ts";
import { type Scheduler, startScheduler } from "../../../src/scheduler/index.ts";
import { createMemoryStore } from "../../../src/store/index.ts";
import { Chance } from "../scheduler/chance.ts";

export const namespace = "default";
export const nodeNames = ["node-1", "node-2", "node-3"] as const;

const controllerNames = [
  "deployment-controller",
  "replicaset-controller",
  "daemonset-controller",
  "statefulset-controller",
  "job-controller",
  "disruption-controller",
  "garbage-collector-controller",
  "node-lifecycle-controller",
  "taint-eviction-controller",
  "pod-garbage-collector-controller",
];
/** A share of the controllers' requests waits up to this long, on its way there and on its way back. */
const lateShare = 0.3;
const latestMs = 300;
/** A share of the controllers' writes is refused as a server refuses that has troubles of its own. */
const refusedShare = 0.03;
const jobPodFails = 0.25;
const stopMs = 60_000;

/** Told of each request by which a controller deletes a pod, before the server is. */
export type OnPodDeletion = (controller: string, pod: string) => void;

export class World {
  readonly host: TestHost;
  readonly client: Client;
  /** Nodes that are switched on. */
  readonly running = new Set<string>();
  /** From now on no request is late or refused. */
  calm = false;
  onPodDeletion: OnPodDeletion = () => {};
  readonly #chance: Chance;
  readonly #kinds = createKindRegistry(builtinKinds());
  readonly #server;
  readonly #store;
  #controllers: RunningControllers;
  readonly #scheduler: Scheduler;
  readonly #kubelets: Kubelets;

  private constructor(seed: number) {
    this.host = testHost({ seed });
    this.#chance = new Chance(`faults ${seed}`);
    this.#store = createMemoryStore(this.host);
    this.#server = createApiHandler({ host: this.host, store: this.#store, kinds: this.#kinds });
    this.client = createClient(this.#transport("test"));
    this.#scheduler = startScheduler({ client: createClient(this.#transport("kube-scheduler")), host: this.host });
    this.#kubelets = startKubelets({ client: createClient(this.#transport("kubelet")), host: this.host, nodes: [] });
    this.#controllers = this.#startControllers();
  }

  static async start(seed: number): Promise<World> {
    const world = new World(seed);
    for (const name of [namespace, "kube-node-lease"]) {
      await world.client.resource(resources.namespaces).create({ metadata: { name }, spec: {} });
    }
    for (const name of nodeNames) await world.switchOn(name);
    await world.pass(1000);
    return world;
  }

  /** Lets this much virtual time pass. */
  async pass(ms: number): Promise<void> {
    await this.host.clock.settle();
    await this.host.clock.advance(ms);
    await this.host.clock.settle();
  }

  async switchOn(name: string): Promise<void> {
    if (this.running.has(name)) return;
    this.running.add(name);
    const number = nodeNames.indexOf(name as (typeof nodeNames)[number]) + 1;
    const node = { name, podCIDR: `10.244.${number}.0/24`, ip: `192.0.2.${number}` };
    await this.#awaited(this.#kubelets.addNode(node));
  }

  /** From now on the node says nothing. */
  async switchOff(name: string): Promise<void> {
    if (this.running.delete(name)) await this.#awaited(this.#kubelets.removeNode(name));
  }

  /** All controllers end and others begin, who know nothing but what the API tells. */
  async restartControllers(): Promise<void> {
    await this.#awaited(this.#controllers.stop());
    this.#controllers = this.#startControllers();
  }

  async stop(): Promise<void> {
    await this.#awaited(this.#controllers.stop());
    await this.#awaited(this.#scheduler.stop());
    await this.#awaited(this.#kubelets.stop());
    await this.#store.close();
  }

  /** Time passes until it is done: what ends may wait for a late request. */
  async #awaited(work: Promise<unknown>): Promise<void> {
    let done = false;
    const ended = work.finally(() => {
      done = true;
    });
    ended.catch(() => {});
    for (let ms = 0; !done && ms < stopMs; ms += 100) await this.pass(done ? 0 : 100);
    await ended;
  }

  #startControllers(): RunningControllers {
    const clientFor = (name: string) => createClient(this.#faulty(this.#transport("kube-controller-manager"), name));
    return startControllers({
      client: clientFor("kube-controller-manager"),
      clientFor,
      discovery: registryDiscovery(this.#kinds),
      host: this.host,
      only: controllerNames,
    });
  }

  #transport(userAgent: string): Transport {
    const user = { name: `system:${userAgent}`, groups: ["system:masters"] };
    return directTransport(this.#server, { user, userAgent });
  }

  #faulty(inner: Transport, controller: string): Transport {
    return {
      watch: (request, sink) => inner.watch(request, sink),
      request: async (request) => {
        const isWrite = !["get", "list"].includes(request.verb);
        await this.#late();
        if (isWrite && !this.calm && this.#chance.is(refusedShare)) throw errors.internalError("no luck today");
        if (request.verb === "delete" && request.resource === "pods") {
          this.onPodDeletion(controller, request.name ?? "");
        }
        const response = await inner.request(this.#withFate(request, controller));
        if (isWrite) await this.#late();
        return response;
      },
    };
  }

  async #late(): Promise<void> {
    if (!this.calm && this.#chance.is(lateShare)) await sleep(this.host.clock, this.#chance.below(latestMs));
  }

  /** How long a pod of a job runs, and how it ends, is decided when it is made. */
  #withFate(request: ClientRequest, controller: string): ClientRequest {
    if (controller !== "job-controller" || request.verb !== "create" || request.resource !== "pods") return request;
    const pod = request.body as KubeObject;
    const fate = {
      "sampan.dev/exit-after": `${this.#chance.between(0, 8)}s`,
      "sampan.dev/exit-code": this.#chance.is(jobPodFails) ? "1" : "0",
    };
    const annotations = { ...pod.metadata.annotations, ...fate };
    return { ...request, body: { ...pod, metadata: { ...pod.metadata, annotations } } };
  }
}
