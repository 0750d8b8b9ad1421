import {
  deepEqual,
  findCondition,
  formatTime,
  isReason,
  type KubeObject,
  keyOf,
  keyString,
} from "../api/meta/index.ts";
import type { Node, PersistentVolumeClaim, Pod, PodCondition } from "../api/types/index.ts";
import {
  type Client,
  createEventRecorder,
  createInformerFactory,
  type EventRecorder,
  type InformerFactory,
  resources,
} from "../client/index.ts";
import type { Host, Timer } from "../host/index.ts";
import { ClusterState } from "./cluster-state.ts";
import { type Profile, SchedulingCycle } from "./cycle.ts";
import { fitMessage, refusingPlugins } from "./fit-error.ts";
import { type FitError, isTerminal, needsNode, type Reservation } from "./framework.ts";
import { createSchedulerMetrics, type SchedulerMetrics } from "./metrics.ts";
import { defaultFilters, defaultReserves, defaultScores } from "./plugins/index.ts";
import { podInfoOf } from "./pod-info.ts";
import { findPreemption } from "./preemption.ts";
import { type QueuedPod, SchedulingQueue } from "./queue.ts";
import { createClusterReader } from "./spreading.ts";
import { VolumeWaits } from "./volume-waits.ts";

export interface SchedulerOptions {
  readonly client: Client;
  readonly host: Host;
  /** Shared with others of the process; without it the scheduler makes its own. */
  readonly informers?: InformerFactory;
  /** Pods with this spec.schedulerName are ours. */
  readonly schedulerName?: string;
}

export interface Scheduler {
  stop(): Promise<void>;
}

/** Cycles done in one go before other work of the process gets its turn. */
const cyclesPerTurn = 32;
/** Bindings under way at once; more wait for the API server. */
const bindingsMax = 256;

/** Starts the scheduler: gives every pod that names it a node, or says why none fits. */
export function startScheduler(options: SchedulerOptions): Scheduler {
  return new PodScheduler(options);
}

class PodScheduler implements Scheduler {
  readonly #client: Client;
  readonly #host: Host;
  readonly #schedulerName: string;
  readonly #informers: InformerFactory;
  readonly #ownsInformers: boolean;
  readonly #cluster: ClusterState;
  readonly #cycle: SchedulingCycle;
  readonly #profile: Profile = {
    filters: defaultFilters,
    scores: defaultScores,
    reserves: defaultReserves,
  };
  readonly #queue: SchedulingQueue;
  readonly #events: EventRecorder;
  readonly #metrics: SchedulerMetrics;
  readonly #handlers: { remove(): void }[] = [];
  readonly #bindings = new Set<Promise<void>>();
  /** Pods with a node that wait for their volumes: nobody waits for them, they may take minutes. */
  readonly #preparing = new Set<Promise<void>>();
  readonly #volumeWaits: VolumeWaits;
  #turn: Timer | undefined;
  #synced = false;
  #stopped = false;

  constructor(options: SchedulerOptions) {
    this.#client = options.client;
    this.#host = options.host;
    this.#schedulerName = options.schedulerName ?? "default-scheduler";
    this.#ownsInformers = options.informers === undefined;
    this.#informers = options.informers ?? createInformerFactory(options.client, options.host);
    this.#cluster = new ClusterState(createClusterReader(this.#informers));
    this.#cycle = new SchedulingCycle(this.#profile, options.host.random);
    const wakesOn = new Map(this.#profile.filters.map((plugin) => [plugin.name, plugin.wakesOn]));
    this.#queue = new SchedulingQueue(options.host.clock, wakesOn, () => this.#wakeUp());
    this.#volumeWaits = new VolumeWaits(options.host.clock);
    this.#metrics = createSchedulerMetrics(options.host, this.#schedulerName, () => this.#queue.sizes);
    this.#events = createEventRecorder({
      client: options.client,
      host: options.host,
      component: this.#schedulerName,
      instance: this.#schedulerName,
      form: "series",
    });
    this.#watch();
    this.#informers.start();
    void this.#informers.whenSynced().then(() => {
      this.#synced = true;
      this.#wakeUp();
    });
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#turn?.cancel();
    for (const handler of this.#handlers) handler.remove();
    this.#queue.close();
    this.#volumeWaits.stop();
    await Promise.allSettled(this.#preparing);
    await Promise.allSettled(this.#bindings);
    await this.#events.stop();
    if (this.#ownsInformers) this.#informers.stop();
  }

  #watch(): void {
    const pods = this.#informers.informer(resources.pods);
    const nodes = this.#informers.informer(resources.nodes);
    this.#informers.informer(resources.poddisruptionbudgets);
    this.#handlers.push(
      nodes.addHandlers({
        add: (node) => this.#nodeSeen(node),
        update: (old, node) => this.#nodeSeen(node, old),
        delete: (node) => this.#cluster.removeNode(node.metadata.name ?? ""),
      }),
      pods.addHandlers({
        add: (pod) => this.#podSeen(pod),
        update: (old, pod) => this.#podSeen(pod, old),
        delete: (pod) => this.#podGone(pod),
      }),
      this.#informers.informer(resources.namespaces).addHandlers({
        update: (old, next) => {
          if (!deepEqual(old.metadata.labels, next.metadata.labels)) this.#queue.event("namespace/changed");
        },
      }),
      ...this.#watchStorage(),
    );
  }

  #watchStorage(): { remove(): void }[] {
    const changed = () => {
      this.#volumeWaits.changed();
      this.#queue.event("volume/changed");
    };
    const claimChanged = (claim: PersistentVolumeClaim) => {
      this.#volumeWaits.changed();
      const key = keyString(keyOf(claim));
      this.#queue.event("volume/changed", (pod) => podInfoOf(pod).claimKeys.includes(key));
    };
    const always = { add: changed, update: changed, delete: changed };
    const claims = { add: claimChanged, update: (_: unknown, claim: PersistentVolumeClaim) => claimChanged(claim) };
    return [
      this.#informers.informer(resources.persistentvolumeclaims).addHandlers({ ...claims, delete: claimChanged }),
      this.#informers.informer(resources.persistentvolumes).addHandlers(always),
      this.#informers.informer(resources.storageclasses).addHandlers({ add: changed, update: changed }),
      this.#informers.informer(resources.csinodes).addHandlers({ add: changed, update: changed }),
      this.#informers.informer(resources.csidrivers).addHandlers({ add: changed, update: changed }),
      this.#informers.informer(resources.csistoragecapacities).addHandlers({ add: changed, update: changed }),
    ];
  }

  #nodeSeen(node: Node, old?: Node): void {
    this.#cluster.setNode(node);
    if (!old) {
      this.#queue.event("node/added");
      return;
    }
    if (!deepEqual(old.status?.allocatable, node.status?.allocatable)) this.#queue.event("node/allocatable");
    if (!deepEqual(old.metadata.labels, node.metadata.labels)) this.#queue.event("node/labels");
    const taints = (n: Node) => [n.spec?.taints, n.spec?.unschedulable];
    if (!deepEqual(taints(old), taints(node))) this.#queue.event("node/taints");
  }

  #podSeen(pod: Pod, old?: Pod): void {
    const key = keyString(keyOf(pod));
    const node = pod.spec?.nodeName;
    if (node && !isTerminal(pod)) {
      const known = old?.spec?.nodeName !== undefined;
      this.#queue.remove(key);
      this.#cluster.setPod(podInfoOf(pod), node);
      if (!known) this.#queue.event("assigned-pod/added");
      else if (!deepEqual(old?.metadata.labels, pod.metadata.labels)) this.#queue.event("assigned-pod/labels");
    } else if (node) {
      this.#leave(key);
    } else if (!this.#isOurs(pod)) {
      this.#queue.remove(key);
      this.#cluster.unnominate(key);
    } else if (!this.#cluster.isAssumed(key)) {
      const nominated = pod.status?.nominatedNodeName;
      if (!old && nominated) this.#cluster.nominate(podInfoOf(pod), nominated);
      if (!old || affectsScheduling(old, pod)) this.#queue.add(key, pod);
      else this.#queue.refresh(key, pod);
    }
  }

  #podGone(pod: Pod): void {
    const key = keyString(keyOf(pod));
    this.#queue.remove(key);
    this.#cluster.unnominate(key);
    if (pod.spec?.nodeName) this.#leave(key);
  }

  #leave(key: string): void {
    this.#cluster.removePod(key);
    this.#queue.event("assigned-pod/deleted");
  }

  #isOurs(pod: Pod): boolean {
    const gated = (pod.spec?.schedulingGates?.length ?? 0) > 0;
    return needsNode(pod) && !gated && (pod.spec?.schedulerName ?? "default-scheduler") === this.#schedulerName;
  }

  #wakeUp(): void {
    if (!this.#synced || this.#stopped || this.#turn) return;
    this.#turn = this.#host.clock.setTimer(0, () => {
      this.#turn = undefined;
      this.#work();
    });
  }

  #work(): void {
    for (let i = 0; i < cyclesPerTurn && this.#bindings.size < bindingsMax; i++) {
      const entry = this.#queue.pop();
      if (!entry) return;
      this.#scheduleOne(entry);
    }
    if (this.#bindings.size < bindingsMax) this.#wakeUp();
  }

  #scheduleOne(entry: QueuedPod): void {
    const info = podInfoOf(entry.pod);
    const result = this.#cycle.run(info, this.#cluster);
    if (result.kind === "unschedulable") {
      this.#metrics.attempts("unschedulable");
      this.#track(this.#reject(entry, result.fit));
      return;
    }
    // Counted to the node at once: the next pod of this turn must see it there.
    this.#cluster.assumePod(info, result.node);
    const reservations = this.#cycle.reserve(info, result.node, this.#cluster);
    if (reservations.length === 0) {
      this.#track(this.#bind(entry, result.node));
      return;
    }
    const preparing = this.#prepare(entry, reservations).then((isReady) => {
      if (isReady) this.#track(this.#bind(entry, result.node));
    });
    this.#preparing.add(preparing);
    void preparing.finally(() => this.#preparing.delete(preparing));
  }

  /** Whether all that was reserved is there and the pod may be bound; otherwise the pod is on its way back to the queue. */
  async #prepare(entry: QueuedPod, reservations: readonly Reservation[]): Promise<boolean> {
    const { key, pod } = entry;
    const pods = this.#informers.informer(resources.pods).store;
    const isThere = () => pods.get(key)?.metadata.uid === pod.metadata.uid;
    const context = {
      client: this.#client,
      until: (isReady: () => boolean) => this.#volumeWaits.until(() => !isThere() || isReady()),
    };
    let plugin = "";
    try {
      for (const reservation of reservations) {
        plugin = reservation.plugin;
        await reservation.preBind(context);
      }
      return true; // also for a pod that is gone: binding it finds that out
    } catch (error) {
      this.#cluster.forgetPod(key);
      if (this.#stopped || !isThere()) {
        this.#queue.done(key);
        return false;
      }
      const message = `running PreBind plugin "${plugin}": ${messageOf(error)}`;
      this.#metrics.attempts("error");
      this.#queue.retry({ ...entry, refusedBy: new Set() });
      if (isReason(error, "Conflict")) return false; // somebody was faster, or the view was old
      this.#events.event(pod, "Warning", "FailedScheduling", message, { action: "Scheduling" });
      await this.#writeCondition(pod, { reason: "SchedulerError", message });
      return false;
    } finally {
      for (const reservation of reservations) reservation.release();
    }
  }

  #track(work: Promise<void>): void {
    this.#bindings.add(work);
    void work.finally(() => {
      this.#bindings.delete(work);
      this.#wakeUp();
    });
  }

  async #bind(entry: QueuedPod, node: string): Promise<void> {
    const { pod, key } = entry;
    const binding = {
      apiVersion: "v1",
      kind: "Binding",
      metadata: { name: pod.metadata.name, namespace: pod.metadata.namespace, uid: pod.metadata.uid },
      target: { kind: "Node", name: node },
    };
    try {
      await this.#client.resource(resources.pods).subresource<KubeObject>("binding").create(keyOf(pod), binding);
      this.#queue.done(key);
      this.#metrics.attempts("scheduled", entry.queuedAt);
      this.#events.event(pod, "Normal", "Scheduled", `Successfully assigned ${key} to ${node}`, { action: "Binding" });
    } catch (error) {
      this.#cluster.forgetPod(key);
      if (isReason(error, "NotFound")) {
        this.#queue.done(key); // deleted meanwhile
        return;
      }
      this.#metrics.attempts("error");
      this.#host.log.warn("cannot bind the pod, will try again", { pod: key, node, error: messageOf(error) });
      if (this.#stopped) this.#queue.done(key);
      else this.#queue.retry({ ...entry, refusedBy: new Set() });
    }
  }

  async #reject(entry: QueuedPod, fit: FitError): Promise<void> {
    const nominated = await this.#preempt(entry, fit).catch((error: unknown) => {
      this.#host.log.warn("cannot preempt, the pod waits", { pod: entry.key, error: messageOf(error) });
      return { node: undefined, message: messageOf(error) };
    });
    // A pod that was refused as a whole: the original then asks for what it noted of devices, and it noted nothing.
    const tried = fit.pod ? ["not found"] : ["no new claims to deallocate", `preemption: ${nominated.message}`];
    const message = fitMessage(fit, tried);
    if (this.#stopped) return;
    this.#events.event(entry.pod, "Warning", "FailedScheduling", message, { action: "Scheduling" });
    this.#queue.unschedulable({ ...entry, refusedBy: refusingPlugins(fit) });
    await this.#writeCondition(entry.pod, { reason: "Unschedulable", message, nominatedNode: nominated.node });
  }

  /** Removes less important pods where that helps. Gives the node to nominate, or the original's words why not. */
  async #preempt(entry: QueuedPod, fit: FitError): Promise<{ node?: string; message: string }> {
    const info = podInfoOf(entry.pod);
    const budgets = this.#informers.informer(resources.poddisruptionbudgets).store.list();
    this.#cluster.unnominate(entry.key); // what it was to get has turned out not to be enough
    const result = findPreemption(info, fit, this.#cluster, this.#profile.filters, budgets);
    if (result.kind === "none") return { message: result.message };
    const { node, victims } = result.preemption;
    this.#cluster.nominate(info, node);
    for (const victim of victims) {
      if (victim.pod.metadata.deletionTimestamp !== undefined) continue;
      try {
        await this.#markDisrupted(victim.pod, entry.pod);
        await this.#client
          .resource(resources.pods)
          .delete(keyOf(victim.pod), { preconditions: { uid: victim.pod.metadata.uid } });
        const by = `${entry.pod.metadata.uid} on node ${node}`;
        this.#events.event(victim.pod, "Normal", "Preempted", `Preempted by pod ${by}`, { action: "Preempting" });
      } catch (error) {
        if (!isReason(error, "NotFound")) throw error;
      }
    }
    this.#metrics.preempted(victims.length);
    return { node, message: `0/${fit.nodesTotal} nodes are available.` };
  }

  /** Tells why the pod goes, before it goes. */
  async #markDisrupted({ metadata, status }: Pod, preemptor: Pod): Promise<void> {
    if (findCondition(status?.conditions, "DisruptionTarget")?.status === "True") return;
    const condition: PodCondition = {
      type: "DisruptionTarget",
      status: "True",
      observedGeneration: metadata.generation,
      reason: "PreemptionByScheduler",
      message: `${preemptor.spec?.schedulerName}: preempting to accommodate a higher priority pod`,
      lastTransitionTime: formatTime(this.#host.clock.now()),
    };
    const patch = { metadata: { uid: metadata.uid }, status: { conditions: [condition] } };
    await this.#client.resource(resources.pods).patchStatus(keyOf({ metadata }), "strategic", patch);
  }

  async #writeCondition(pod: Pod, { reason, message, nominatedNode }: WhyPending): Promise<void> {
    const old = findCondition(pod.status?.conditions, "PodScheduled");
    const unchanged = old?.status === "False" && old.reason === reason && old.message === message;
    if (unchanged && (nominatedNode ?? "") === (pod.status?.nominatedNodeName ?? "")) return;
    const condition: PodCondition = {
      type: "PodScheduled",
      status: "False",
      reason,
      message,
      lastProbeTime: null,
      lastTransitionTime: old?.status === "False" ? old.lastTransitionTime : formatTime(this.#host.clock.now()),
      observedGeneration: pod.metadata.generation,
    };
    const status = {
      conditions: [condition],
      ...(nominatedNode !== undefined && { nominatedNodeName: nominatedNode }),
    };
    const patch = { metadata: { uid: pod.metadata.uid }, status };
    try {
      await this.#client.resource(resources.pods).patchStatus(keyOf(pod), "strategic", patch);
    } catch (error) {
      if (isReason(error, "NotFound") || isReason(error, "Conflict")) return; // deleted, or changed and tried anew
      this.#host.log.warn("cannot write the pod's status", { pod: keyString(keyOf(pod)), error: messageOf(error) });
    }
  }
}

interface WhyPending {
  readonly reason: "Unschedulable" | "SchedulerError";
  readonly message: string;
  readonly nominatedNode?: string;
}

/** Whether an update of a pending pod may change where it fits; updates of its status do not. */
function affectsScheduling(old: Pod, pod: Pod): boolean {
  return !deepEqual(old.spec, pod.spec) || !deepEqual(old.metadata.labels, pod.metadata.labels);
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
