import { deepEqual } from "../../api/meta/index.ts";
import type { Node, Pod, PodStatus } from "../../api/types/index.ts";
import { type Client, createEventRecorder, type EventRecorder } from "../../client/index.ts";
import type { Host, Timer } from "../../host/index.ts";
import { EvictionManager, type NodeResources } from "../eviction/index.ts";
import {
  fieldPathOf,
  type ObservedPod,
  type PendingResize,
  podUid,
  runningContainers,
  uidErrors,
} from "../pod-worker/index.ts";
import { type Refusal, refusalOf, resizeRefusalOf } from "../pods/admission.ts";
import { ImagePuller } from "../pods/image-puller.ts";
import type { Machine } from "../pods/machine.ts";
import type { NodePorts, PodEvent } from "../pods/node-ports.ts";
import { endOrphans } from "../pods/orphans.ts";
import { PodRunner } from "../pods/pod-runner.ts";
import type { PodSource } from "../pods/pod-source.ts";
import type { ServiceEnvironment } from "../pods/service-environment.ts";
import type { StatusWriter } from "../pods/status-writer.ts";
import type { PodNetwork, Prober } from "../probes/prober.ts";
import { clientReferences } from "../references.ts";
import type { ContainerRuntime } from "../runtime/runtime.ts";
import { NodeShutdown, noShutdownState, openLogind, type ShutdownEnding } from "../shutdown/index.ts";
import { mirroredHash, StaticPods, type StaticPodsOptions } from "../static-pods/index.ts";
import type { VolumeManager } from "../volumes/index.ts";
import { NodeLease } from "./lease.ts";
import type { NodeFacts } from "./node-facts.ts";
import type { KubeletSettings, NodeOptions } from "./node-options.ts";
import { NodeWriter } from "./registration.ts";

/** What differs between simulated and real nodes. */
export interface NodeBackend {
  readonly runtime: ContainerRuntime;
  readonly network: PodNetwork;
  readonly prober: Prober;
  /** How many images are pulled at the same time; default as many as are asked for. */
  readonly maxParallelImagePulls?: number;
  readonly volumes: VolumeManager;
  /** What the node is now. */
  facts(): Promise<NodeFacts>;
  /** Makes the machine give pods addresses out of this range. Default: the runtime is told. */
  configureNetwork?(podCidr: string): Promise<void>;
  /** What pods get of a real machine. */
  readonly machine?: Machine;
  /** What a real machine has left; without it nothing is ever evicted. */
  readonly resources?: NodeResources;
  /** Called for pods that were there when the kubelet began: a runtime without a memory goes on with them. */
  recover?(pod: Pod): void;
}

export interface NodeKubeletOptions {
  readonly client: Pick<Client, "resource">;
  readonly host: Host;
  readonly node: NodeOptions;
  readonly settings: KubeletSettings;
  readonly ip: string;
  readonly backend: NodeBackend;
  readonly pods: PodSource;
  readonly statuses: StatusWriter;
  /** Pods that a folder of the machine asks for. */
  readonly staticPods?: Omit<StaticPodsOptions, "nodeName">;
  /** Left out, containers are told of no services. */
  readonly services?: ServiceEnvironment;
}

/** The kubelet of one node: registers it, keeps its lease and status, and runs the pods that are bound to it. */
export class NodeKubelet {
  readonly #options: NodeKubeletOptions;
  readonly #writer: NodeWriter;
  readonly #lease: NodeLease;
  readonly #ports: NodePorts;
  readonly #runners = new Map<string, PodRunner>();
  readonly #eviction: EvictionManager | undefined;
  readonly #shutdown: NodeShutdown | undefined;
  readonly #staticPods: StaticPods | undefined;
  readonly #stopping = new AbortController();
  #subscription: { stop(): void } | undefined;
  #events: { stop(): void } | undefined;
  #recorder: EventRecorder | undefined;
  #node: Node | undefined;
  #podCidr: string | undefined;
  /** The range that was handed on, though it may not work yet. */
  #configuredCidr: string | undefined;
  #heartbeat: Timer | undefined;
  /** The status is being written; once more after that. */
  #beating = false;
  #beatsAgain = false;
  #statusWrittenMs = 0;

  constructor(options: NodeKubeletOptions) {
    this.#options = options;
    const { client, host, node, settings, ip, backend, statuses } = options;
    this.#writer = new NodeWriter({ client, host, node, settings, ip, facts: () => this.#facts() });
    this.#eviction = this.#evictionManager();
    this.#shutdown = this.#nodeShutdown();
    if (options.staticPods !== undefined) {
      const mirrors = { host, client, writer: statuses, node: () => this.#node };
      this.#staticPods = new StaticPods({ ...options.staticPods, nodeName: node.name }, mirrors);
    }
    this.#lease = new NodeLease(client, host, node.name, settings.leaseSeconds ?? 40);
    this.#ports = {
      host,
      client,
      nodeName: node.name,
      hostIPs: [ip],
      runtime: backend.runtime,
      network: backend.network,
      prober: backend.prober,
      images: new ImagePuller(host.clock, backend.runtime, backend.maxParallelImagePulls),
      references: clientReferences(client),
      volumes: backend.volumes,
      services: options.services,
      allocatable: () => this.allocatable,
      machine: backend.machine,
      statuses: { lane: (pod) => this.#staticPods?.lane(pod) ?? statuses.lane(pod) },
      record: (pod, event) => this.record(pod, event),
      resizeRefusal: (pod) => this.#resizeRefusal(pod),
      networkReady: () => this.#podCidr !== undefined,
    };
  }

  get name(): string {
    return this.#options.node.name;
  }

  /** What pods may use of the node, as its object says. */
  get allocatable(): Readonly<Record<string, string>> {
    return this.#node?.status?.allocatable ?? {};
  }

  async #facts(): Promise<NodeFacts> {
    const facts = await this.#options.backend.facts();
    return {
      ...facts,
      ...(this.#shutdown?.isShuttingDown === true ? { notReady: alsoShuttingDown(facts.notReady) } : {}),
      devices: this.#options.backend.machine?.devices.facts(),
      pressures: this.#eviction?.conditions,
      volumesInUse: this.#ports.volumes.inUse(),
    };
  }

  #evictionManager(): EvictionManager | undefined {
    const { host, settings, backend } = this.#options;
    if (backend.resources === undefined || settings.eviction === undefined) return undefined;
    const ports = {
      host,
      resources: backend.resources,
      pods: () => this.#activePods(),
      evict: (pod: Pod, message: string, graceSeconds: number) =>
        this.#runners.get(podUid(pod))?.evict(message, graceSeconds),
      isOver: (uid: string) => runsNothing(this.#runners.get(uid)?.observed),
      warn: (reason: string, message: string) => this.warn(reason, message),
      conditionsChanged: () => this.#beatNow(),
    };
    return new EvictionManager(ports, settings.eviction);
  }

  #nodeShutdown(): NodeShutdown | undefined {
    const { host, settings } = this.#options;
    const { periods = [], openLogin = () => openLogind(host.clock), state = noShutdownState } = settings.shutdown ?? {};
    if (periods.length === 0) return undefined;
    const ports = {
      host,
      state,
      openLogin,
      pods: () => this.#activePods(),
      terminate: async (pod: Pod, { reason, message, graceSeconds }: ShutdownEnding) =>
        this.#runners.get(podUid(pod))?.endForShutdown(reason, message, graceSeconds),
      event: (message: string) => this.#nodeEvent("Normal", "Shutdown", message),
      conditionsChanged: () => this.#beatNow(),
    };
    return new NodeShutdown(ports, periods);
  }

  #activePods(): Pod[] {
    return [...this.#runners.values()].map(({ pod }) => pod).filter(isActive);
  }

  /** Resolves when the node is registered. Pods bound to it are taken on as soon as the source knows them. */
  async start(): Promise<void> {
    const { node, backend, pods } = this.#options;
    this.#nodeEvent("Normal", "Starting", "Starting kubelet.");
    this.#events = backend.runtime.containerEvents((event) => {
      if (event.type === "stopped") this.#runners.get(event.podUid)?.look();
    });
    void this.#shutdown?.start();
    backend.machine?.devices.onChange(() => this.#beatNow());
    // They may be what the API server itself runs as.
    await this.#staticPods?.start({
      add: (pod, isInitial) => this.#add(pod, isInitial),
      update: (pod) => this.#update(pod),
      remove: (pod) => this.#runners.get(podUid(pod))?.objectDeleted(),
      isRunning: (uid) => this.#runners.has(uid),
    });
    const registered = await this.#writer.register(this.#stopping.signal);
    if (this.#stopping.signal.aborted) return;
    this.#statusWrittenMs = this.#ports.host.clock.now();
    this.nodeSeen(registered);
    this.#announceStatus(registered);
    this.#lease.start(registered);
    this.#scheduleHeartbeat();
    this.#eviction?.start();
    this.#subscription = pods.subscribe(node.name, {
      add: (pod, isInitial) => {
        if (mirroredHash(pod) === undefined) this.#add(pod, isInitial);
        else this.#staticPods?.mirrorSeen(pod);
      },
      update: (pod) => {
        if (mirroredHash(pod) === undefined) this.#update(pod);
        else this.#staticPods?.mirrorSeen(pod);
      },
      remove: (pod) => {
        if (mirroredHash(pod) === undefined) this.#runners.get(podUid(pod))?.objectDeleted();
        else this.#staticPods?.mirrorGone(pod);
      },
    });
    void pods.whenSynced().then(() => this.#removeOrphans());
  }

  /** A version of the Node was seen. */
  nodeSeen(node: Node): void {
    const before = this.#node?.status?.capacity;
    this.#node = node;
    // What others tell of the node's capacity becomes allocatable; who looks every few seconds anyway sees it then.
    const isTold = before !== undefined && !deepEqual(before, node.status?.capacity);
    if (isTold && this.#options.settings.statusCheckSeconds === undefined) this.#beatNow();
    const podCidr = node.spec?.podCIDR ?? this.#options.node.podCIDR;
    if (podCidr === undefined || podCidr === this.#configuredCidr) return;
    this.#configuredCidr = podCidr;
    this.#configureNetwork(podCidr).then(
      () => {
        this.#podCidr = podCidr;
        for (const runner of this.#runners.values()) runner.look();
        // A real node becomes ready by it.
        if (this.#options.settings.statusCheckSeconds !== undefined) this.#beatNow();
      },
      (error: unknown) => {
        this.#ports.host.log.error("the node's network could not be configured", { node: this.name, podCidr, error });
        // The next version of the Node, at the latest its next status, tries again.
        this.#configuredCidr = undefined;
      },
    );
  }

  async #configureNetwork(podCidr: string): Promise<void> {
    const { backend } = this.#options;
    if (backend.configureNetwork !== undefined) await backend.configureNetwork(podCidr);
    else await backend.runtime.updateRuntimeConfig({ podCidr });
  }

  /** Somebody deleted the Node. As the original, its kubelet does not register it anew before it is started again. */
  nodeDeleted(): void {
    this.#node = undefined;
  }

  /** An event about the node that its owner should see. */
  warn(reason: string, message: string): void {
    this.#nodeEvent("Warning", reason, message);
  }

  get runners(): Iterable<PodRunner> {
    return this.#runners.values();
  }

  runner(uid: string): PodRunner | undefined {
    return this.#runners.get(uid);
  }

  async stop(): Promise<void> {
    this.#stopping.abort(new Error("the kubelet stops"));
    this.#subscription?.stop();
    this.#events?.stop();
    this.#staticPods?.stop();
    this.#lease.stop();
    this.#heartbeat?.cancel();
    this.#eviction?.stop();
    for (const runner of this.#runners.values()) runner.stop();
    this.#options.backend.volumes.stop();
    await this.#shutdown?.stop();
    await this.#recorder?.stop();
  }

  #add(pod: Pod, isInitial: boolean): void {
    const uid = podUid(pod);
    if (uidErrors(uid).length > 0) {
      // No server makes such a one: nothing is done in folders of that name.
      this.#ports.host.log.error("a pod whose uid is no name of a folder is left alone", { node: this.name, uid });
      return;
    }
    if (this.#runners.has(uid)) {
      this.#update(pod);
      return;
    }
    const isNew = pod.status?.startTime == null;
    if (isNew && pod.metadata.deletionTimestamp == null && this.#node !== undefined) {
      // Who was deleted by force holds nothing any more, though it may not have ended yet.
      const kept = [...this.#runners.values()].filter((runner) => !runner.isObjectGone);
      const active = kept.map((runner) => runner.allocated).filter(isActive);
      const refusal =
        this.#eviction?.refusalOf(pod) ??
        this.#shutdown?.refusal ??
        refusalOf(pod, this.#node, active, this.#options.settings.allowedUnsafeSysctls);
      if (refusal !== undefined) {
        this.#refuse(pod, refusal);
        return;
      }
    } else if (isInitial || !isNew) this.#options.backend.recover?.(pod);
    if (!isNew && isActive(pod)) this.#ports.volumes.adopt(pod);
    const runner = new PodRunner(this.#ports, pod, () => this.#gone(uid));
    this.#runners.set(uid, runner);
    runner.look();
  }

  #gone(uid: string): void {
    this.#runners.delete(uid);
    for (const runner of this.#runners.values()) runner.retryResize();
  }

  #resizeRefusal(pod: Pod): PendingResize | undefined {
    if (this.#node === undefined) return undefined;
    const others = [...this.#runners.values()].filter(({ uid }) => uid !== podUid(pod));
    return resizeRefusalOf(pod, this.#node, others.map(({ allocated }) => allocated).filter(isActive));
  }

  /** What runs or lies here of pods that are not known any more: they were deleted while no kubelet looked. */
  async #removeOrphans(): Promise<void> {
    if (this.#stopping.signal.aborted) return;
    const { machine, runtime, volumes, host } = this.#ports;
    const isKnown = (uid: string) => this.#runners.has(uid);
    try {
      if (machine !== undefined) await endOrphans(runtime, isKnown, host.log);
      await machine?.cgroups?.removeOrphans(isKnown);
      await volumes.removeOrphans(isKnown);
      await machine?.userNamespaces.removeOrphans(isKnown);
      await machine?.files.removeOrphans(isKnown);
    } catch (error) {
      host.log.error("what former pods left could not be removed", { node: this.name, error });
    }
  }

  #update(pod: Pod): void {
    const runner = this.#runners.get(podUid(pod));
    if (runner !== undefined) runner.update(pod);
    // A pod that was refused has no runner; when it is deleted its object still waits for the node's word.
    else if (pod.metadata.deletionTimestamp != null) this.#add(pod, false);
  }

  #refuse(pod: Pod, { reason, message }: Refusal): void {
    this.record(pod, { type: "Warning", reason, message });
    const status: PodStatus = {
      ...pod.status,
      observedGeneration: pod.metadata.generation,
      phase: "Failed",
      reason,
      message: `Pod was rejected: ${message}`,
      startTime: undefined,
    };
    this.#ports.statuses.lane(pod).want(status);
  }

  #scheduleHeartbeat(): void {
    const { statusSeconds = 300, statusCheckSeconds = statusSeconds } = this.#options.settings;
    // Spread, so that many nodes do not write at the same moment.
    const jitter = 1 - 0.1 * this.#ports.host.random.next();
    const ms = Math.min(statusSeconds, statusCheckSeconds) * 1000;
    this.#heartbeat = this.#ports.host.clock.setTimer(ms * jitter, () => void this.#beat());
  }

  #beatNow(): void {
    if (this.#beating) this.#beatsAgain = true;
    else {
      this.#heartbeat?.cancel();
      void this.#beat();
    }
  }

  async #beat(): Promise<void> {
    this.#beating = true;
    do {
      this.#beatsAgain = false;
      await this.#beatOnce();
    } while (this.#beatsAgain && !this.#stopping.signal.aborted);
    this.#beating = false;
    if (!this.#stopping.signal.aborted) this.#scheduleHeartbeat();
  }

  async #beatOnce(): Promise<void> {
    const { host } = this.#ports;
    const { statusSeconds = 300 } = this.#options.settings;
    try {
      const known = this.#node;
      if (known !== undefined) {
        const isDue = host.clock.now() - this.#statusWrittenMs >= statusSeconds * 900;
        const written = isDue ? await this.#writer.heartbeat(known) : await this.#writer.refresh(known);
        if (written !== known) {
          this.#statusWrittenMs = host.clock.now();
          this.#announceChanges(known, written);
          this.nodeSeen(written);
        }
      }
    } catch (error) {
      if (this.#stopping.signal.aborted) return;
      host.log.warn("a node's status could not be written", { node: this.name, error: String(error) });
    }
  }

  #announceChanges(before: Node, now: Node): void {
    for (const [type, reasons] of Object.entries(conditionEvents)) {
      const statusOf = ({ status }: Node) => status?.conditions?.find((one) => one.type === type)?.status;
      const status = statusOf(now);
      if (statusOf(before) !== status) this.#nodeStatusEvent(status === "True" ? reasons.true : reasons.false);
    }
  }

  #announceStatus({ status }: Node): void {
    for (const reason of ["NodeHasSufficientMemory", "NodeHasNoDiskPressure", "NodeHasSufficientPID"])
      this.#nodeStatusEvent(reason);
    const ready = status?.conditions?.find(({ type }) => type === "Ready");
    // A node that was ready all the while does not become so.
    if (ready?.status === "True" && ready.lastTransitionTime === ready.lastHeartbeatTime)
      this.#nodeStatusEvent("NodeReady");
  }

  #nodeStatusEvent(reason: string): void {
    this.#nodeEvent("Normal", reason, `Node ${this.name} status is now: ${reason}`);
  }

  #nodeEvent(type: "Normal" | "Warning", reason: string, message: string): void {
    // The original names nodes in its events by name alone.
    this.#eventRecorder().event({ kind: "Node", name: this.name, uid: this.name }, type, reason, message);
  }

  /** Tells an event of a pod. */
  record(pod: Pod, { type, reason, message, container }: PodEvent): void {
    const fieldPath = container === undefined ? undefined : fieldPathOf(pod, container);
    this.#eventRecorder().event(pod, type, reason, message, fieldPath === undefined ? {} : { fieldPath });
  }

  #eventRecorder(): EventRecorder {
    const { client, host } = this.#options;
    this.#recorder ??= createEventRecorder({ client, host, component: "kubelet", instance: this.name });
    return this.#recorder;
  }
}

function isActive(pod: Pod): boolean {
  return pod.status?.phase !== "Failed" && pod.status?.phase !== "Succeeded";
}

/** Several problems are a list between brackets. */
function alsoShuttingDown(notReady: string | undefined): string {
  const message = "node is shutting down";
  if (notReady === undefined) return message;
  return /^\[.*\]$/.test(notReady) ? `${notReady.slice(0, -1)}, ${message}]` : `[${notReady}, ${message}]`;
}

function runsNothing(observed: ObservedPod | undefined): boolean {
  return observed === undefined || runningContainers(observed).length === 0;
}

/** What the node's events call its conditions when they begin and end to hold. */
const conditionEvents = {
  MemoryPressure: { true: "NodeHasInsufficientMemory", false: "NodeHasSufficientMemory" },
  DiskPressure: { true: "NodeHasDiskPressure", false: "NodeHasNoDiskPressure" },
  PIDPressure: { true: "NodeHasInsufficientPID", false: "NodeHasSufficientPID" },
  Ready: { true: "NodeReady", false: "NodeNotReady" },
} as const;
