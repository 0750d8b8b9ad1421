import { isReason, keyOf, keyString } from "../api/meta/index.ts";
import type { Pod } from "../api/types/index.ts";
import {
  type Client,
  createEventRecorder,
  createInformerFactory,
  type EventRecorder,
  type InformerFactory,
  resources,
} from "../client/index.ts";
import type { Host, Timer } from "../host/index.ts";
import { askPermits, Binder, type BindingResult, messageOf, type Placement } from "./binding.ts";
import { ClusterState } from "./cluster-state.ts";
import { watchCluster } from "./cluster-watch.ts";
import { SchedulingCycle } from "./cycle.ts";
import { type Extender, extenderBinder, runExtended } from "./extenders/index.ts";
import { fitMessage, refusingPlugins } from "./fit-error.ts";
import { type CycleResult, type FitError, needsNode, type PluginHandle, type Rejection } from "./framework.ts";
import { type Gang, scheduleGang } from "./gang.ts";
import { createSchedulerMetrics, type SchedulerMetrics } from "./metrics.ts";
import { type PodInfo, podInfoOf } from "./pod-info.ts";
import { type WhyPending, writePending } from "./pod-status.ts";
import { askPostFilters, noHelp } from "./post-filters.ts";
import { defaultSchedulerName, type Profile } from "./profile.ts";
import { type CustomPlugin, createProfiles, type ProfileConfig } from "./profile-factory.ts";
import { type QueueProfile, SchedulingQueue } from "./queue.ts";
import type { QueuedPod } from "./queued-pod.ts";
import { createClusterReader } from "./spreading.ts";
import { VolumeWaits } from "./volume-waits.ts";
import { PermitWaits } from "./waiting-pods.ts";

export interface SchedulerOptions {
  readonly client: Client;
  readonly host: Host;
  /** Shared with others of the process; without it the scheduler makes its own. */
  readonly informers?: InformerFactory;
  /** How pods are scheduled, by the spec.schedulerName that they have. Default: one profile, default-scheduler. */
  readonly profiles?: readonly ProfileConfig[];
  /**
   * Plugins beside the default ones. Without `profiles` they are enabled wherever they implement something; with it only
   * where a profile names them.
   */
  readonly plugins?: readonly CustomPlugin[];
  /** Programs that are asked beside the plugins, in this order. */
  readonly extenders?: readonly Extender[];
  /** Default plugins to leave out, for API servers that do not serve what they read: a scheduler waits for all that it reads. */
  readonly without?: readonly string[];
  /** Default 1 s and 10 s. */
  readonly backoffInitialMs?: number;
  readonly backoffMaxMs?: number;
}

export interface Scheduler {
  stop(): Promise<void>;
}

/** Cycles done in one go before other work of the process gets its turn, and how long they may take together. */
const cyclesPerTurn = 32;
const turnMs = 10;
/** Pods of a turn that may turn out to fit nowhere: making room for each is done before other work gets its turn, too. */
const refusedPerTurn = 8;
/** Bindings under way at once; more wait for the API server. */
const bindingsMax = 256;

/**
 * Starts the scheduler: gives every pod that names one of its profiles a node, or says why none fits.
 * @throws when the profiles cannot be made: an unknown plugin, or one enabled where it does nothing.
 */
export function startScheduler(options: SchedulerOptions): Scheduler {
  return new PodScheduler(options);
}

/** A profile at work. */
interface ActiveProfile extends QueueProfile {
  readonly profile: Profile;
  readonly cycle: SchedulingCycle;
}

class PodScheduler implements Scheduler {
  readonly #options: SchedulerOptions;
  readonly #extenders: readonly Extender[];
  readonly #client: Client;
  readonly #host: Host;
  readonly #informers: InformerFactory;
  readonly #cluster: ClusterState;
  readonly #profiles: ReadonlyMap<string, ActiveProfile>;
  readonly #queue: SchedulingQueue;
  readonly #events: EventRecorder;
  readonly #metrics: SchedulerMetrics;
  readonly #handlers: readonly { remove(): void }[];
  readonly #bindings = new Set<Promise<void>>();
  /** Pods with a node that wait for a plugin: nobody waits for them, they may take minutes. */
  readonly #waiting = new Set<Promise<void>>();
  readonly #volumeWaits: VolumeWaits;
  readonly #permitWaits: PermitWaits;
  readonly #binder: Binder;
  #turn: Timer | undefined;
  /** Cycles so far that found no node. */
  #refused = 0;
  /** A cycle waits for an extender: no other begins. */
  #isAsking = false;
  #synced = false;
  #stopped = false;

  constructor(options: SchedulerOptions) {
    const { client, host } = options;
    const profiles = options.profiles ?? [{ schedulerName: defaultSchedulerName }];
    const component = profiles[0]?.schedulerName ?? defaultSchedulerName;
    this.#options = options;
    this.#extenders = options.extenders ?? [];
    this.#client = client;
    this.#host = host;
    this.#informers = options.informers ?? createInformerFactory(client, host);
    this.#cluster = new ClusterState(createClusterReader(this.#informers));
    this.#volumeWaits = new VolumeWaits(host.clock);
    this.#permitWaits = new PermitWaits(host.clock);
    this.#metrics = createSchedulerMetrics(host, () => this.#queue, this.#cluster);
    this.#events = createEventRecorder({ client, host, component, instance: component, form: "series" });
    this.#informers.informer(resources.poddisruptionbudgets);
    this.#profiles = this.#createProfiles(profiles);
    this.#queue = this.#createQueue();
    const pods = this.#informers.informer(resources.pods).store;
    this.#binder = new Binder({
      client,
      host,
      metrics: this.#metrics,
      permitWaits: this.#permitWaits,
      volumeWaits: this.#volumeWaits,
      isThere: ({ key, pod }) => pods.get(key)?.metadata.uid === pod.metadata.uid,
    });
    this.#handlers = watchCluster(this.#informers, this.#cluster, {
      isOurs: (pod) => this.#isOurs(pod),
      podAdded: (info) => this.#queue.add(info),
      podRefreshed: (info) => this.#queue.refresh(info),
      podRemoved: (key) => this.#podRemoved(key),
      event: (event) => {
        if (event.kind === "claim/changed" || event.kind === "volume/changed") this.#volumeWaits.changed();
        this.#queue.event(event);
      },
    });
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
    this.#permitWaits.stop();
    await Promise.allSettled(this.#waiting);
    await Promise.allSettled(this.#bindings);
    await this.#events.stop();
    if (!this.#options.informers) this.#informers.stop();
  }

  #createProfiles(profiles: readonly ProfileConfig[]): ReadonlyMap<string, ActiveProfile> {
    const shared: Omit<PluginHandle, "schedulerName" | "filters"> = {
      host: this.#host,
      client: this.#client,
      informers: this.#informers,
      cluster: this.#cluster,
      events: this.#events,
      waitingPods: this.#permitWaits,
      extenders: this.#extenders,
      emit: (event) => this.#queue.event(event),
      recheckGated: () => this.#queue.recheckGated(),
    };
    const created = createProfiles({
      profiles,
      custom: this.#options.plugins ?? [],
      enableCustom: this.#options.profiles === undefined,
      ...(this.#options.without && { without: this.#options.without }),
      handleFor: (schedulerName, filters) => ({ ...shared, schedulerName, filters }),
    });
    const binder = extenderBinder(this.#extenders, this.#host.log);
    const withBinder = (profile: Profile) => ({ ...profile, binds: [binder, ...profile.binds] });
    const activate = (profile: Profile): ActiveProfile => ({
      profile: this.#extenders.some(({ bind }) => bind) ? withBinder(profile) : profile,
      cycle: new SchedulingCycle(profile, this.#host.random, this.#metrics.cycleWatch(profile.schedulerName)),
      preEnqueues: profile.preEnqueues,
      hints: hintsOf(profile),
    });
    return new Map([...created].map(([name, profile]) => [name, activate(profile)]));
  }

  #createQueue(): SchedulingQueue {
    const [first] = this.#profiles.values();
    if (!first) throw new Error("at least one profile is required");
    const { backoffInitialMs, backoffMaxMs } = this.#options;
    const { queueSort } = first.profile;
    return new SchedulingQueue({
      clock: this.#host.clock,
      compare: (a, b) => queueSort.compare(a, b),
      profileOf: (info) => this.#profileOf(info),
      onActive: () => this.#wakeUp(),
      onIncoming: this.#metrics.incoming,
      ...(backoffInitialMs !== undefined && { backoffInitialMs }),
      ...(backoffMaxMs !== undefined && { backoffMaxMs }),
    });
  }

  #profileOf({ pod }: PodInfo): ActiveProfile {
    const name = pod.spec?.schedulerName ?? defaultSchedulerName;
    const profile = this.#profiles.get(name);
    if (!profile) throw new Error(`profile not found for scheduler name "${name}"`);
    return profile;
  }

  #podRemoved(key: string): void {
    this.#queue.remove(key);
    this.#volumeWaits.changed();
    this.#permitWaits.get(key)?.deny("", "the pod is gone");
  }

  #wakeUp(): void {
    if (!this.#synced || this.#stopped || this.#turn) return;
    this.#turn = this.#host.clock.setTimer(0, () => {
      this.#turn = undefined;
      this.#work();
    });
  }

  #work(): void {
    const { clock } = this.#host;
    const until = clock.now() + turnMs;
    const refusedBefore = this.#refused;
    for (let i = 0; i < cyclesPerTurn && this.#bindings.size < bindingsMax && clock.now() <= until; i++) {
      const entry = this.#isAsking ? undefined : this.#queue.pop();
      if (!entry) return;
      this.#scheduleOne(entry);
      if (this.#refused - refusedBefore >= refusedPerTurn) break;
    }
    if (this.#bindings.size < bindingsMax) this.#wakeUp();
  }

  #scheduleOne(entry: QueuedPod): void {
    const { profile, cycle } = this.#profileOf(entry.info);
    const attempt = { entry, profile, startedAt: this.#host.clock.now() };
    const gang = profile.gangs?.gangOf(entry.info);
    if (gang) this.#scheduleGang(attempt, gang, cycle);
    else if (this.#extenders.some((extender) => extender.isInterested(entry.info))) {
      this.#askExtenders(attempt, cycle);
    } else {
      this.#decided(attempt, cycle, cycle.run(entry.info, this.#cluster));
    }
  }

  /** The gang's pods that wait in the queue have their turn together. Extenders are not asked about gangs. */
  #scheduleGang({ entry, profile, startedAt }: Attempt, gang: Gang, cycle: SchedulingCycle): void {
    const isMember = (info: PodInfo) =>
      this.#profileOf(info).profile === profile && profile.gangs?.gangOf(info)?.key === gang.key;
    const entries = [entry, ...this.#queue.popAll(isMember)];
    const { members, refused } = scheduleGang(gang, entries, cycle, this.#cluster);
    for (const { entry: member, nodeName, reservations } of members) {
      const attempt = { entry: member, profile, startedAt };
      this.#permit(attempt, { info: member.info, nodeName, profile, reservations });
    }
    for (const { entry: member, fit } of refused) {
      this.#track(this.#reject({ entry: member, profile, startedAt }, fit, false));
    }
  }

  #askExtenders(attempt: Attempt, cycle: SchedulingCycle): void {
    const { info } = attempt.entry;
    this.#isAsking = true;
    const extended = { profile: attempt.profile, cycle, extenders: this.#extenders, log: this.#host.log };
    const asked = runExtended(extended, info, this.#cluster).then(
      (result) => {
        this.#isAsking = false;
        if (this.#stopped || !this.#current(attempt.entry)) this.#gone(info.key);
        else this.#decided(attempt, cycle, result);
      },
      (error: unknown) => {
        this.#isAsking = false;
        return this.#failed(attempt, messageOf(error), error);
      },
    );
    this.#track(asked);
  }

  /** A cycle came to its end: the pod goes to its node, or waits. */
  #decided(attempt: Attempt, cycle: SchedulingCycle, result: CycleResult): void {
    const { entry, profile, startedAt } = attempt;
    const { info } = entry;
    this.#metrics.algorithm(startedAt);
    if (result.kind === "unschedulable") {
      this.#refused++;
      this.#track(this.#reject(attempt, result.fit, true));
      return;
    }
    // Counted to the node at once: the next pod of this turn must see it there.
    this.#cluster.assumePod(info, result.node);
    const reservingAt = this.#host.clock.now();
    const reservations = cycle.reserve(info, result.node, this.#cluster);
    const isReserved = !("rejected" in reservations);
    this.#metrics.point("Reserve", isReserved ? "Success" : "Unschedulable", profile.schedulerName, reservingAt);
    if ("rejected" in reservations) {
      this.#turnAway(attempt, result.node, reservations.rejected);
      return;
    }
    this.#permit(attempt, { info, nodeName: result.node, profile, reservations });
  }

  /** The node is chosen and what the pod needs there reserved: Permit has the last word. */
  #permit(attempt: Attempt, placement: Placement): void {
    const { info, nodeName, profile, reservations } = placement;
    const permits = askPermits(profile.permits, info, nodeName);
    if (permits && "plugin" in permits) {
      for (const reservation of reservations) reservation.release(false);
      this.#turnAway(attempt, nodeName, permits);
    } else this.#startBinding(attempt, placement, permits);
  }

  #startBinding(attempt: Attempt, placement: Placement, waits: ReadonlyMap<string, number> | undefined): void {
    const bound = this.#binder.run(placement, waits).then((result) => this.#bindingEnded(attempt, placement, result));
    if (!waits && this.#binder.isQuick(placement)) {
      this.#track(bound);
      return;
    }
    this.#waiting.add(bound);
    void bound.finally(() => this.#waiting.delete(bound));
  }

  async #bindingEnded(attempt: Attempt, { info, nodeName }: Placement, result: BindingResult): Promise<void> {
    const { entry, profile, startedAt } = attempt;
    const { key, pod } = info;
    switch (result.kind) {
      case "bound":
        this.#queue.done(key);
        this.#metrics.attempt("scheduled", profile.schedulerName, startedAt);
        this.#metrics.scheduled(entry.attempts, entry.queuedAt);
        this.#events.event(pod, "Normal", "Scheduled", `Successfully assigned ${key} to ${nodeName}`, {
          action: "Binding",
        });
        return;
      case "rejected":
        if (this.#stopped) this.#forget(info, nodeName);
        else this.#turnAway(attempt, nodeName, result.rejection);
        return;
      case "gone":
        this.#forget(info, nodeName);
        this.#gone(key);
        return;
      case "failed":
        this.#forget(info, nodeName);
        return this.#failed(attempt, result.message, result.error);
      default:
        return result satisfies never;
    }
  }

  /** Something outside the pod failed: it is tried again after its back-off. */
  async #failed({ entry, profile, startedAt }: Attempt, message: string, error: unknown): Promise<void> {
    const { key, pod } = entry.info;
    this.#metrics.attempt("error", profile.schedulerName, startedAt);
    if (this.#stopped) {
      this.#queue.done(key);
      return;
    }
    this.#host.log.warn("an attempt failed, the pod is tried again", { pod: key, error: message });
    this.#retry(entry);
    if (isReason(error, "Conflict")) return; // somebody was faster, or the view was old
    this.#events.event(pod, "Warning", "FailedScheduling", message, { action: "Scheduling" });
    await this.#writePending(entry, { reason: "SchedulerError", message });
  }

  /** The newest version of a pod goes back to the queue, unless it is gone. */
  #retry(entry: QueuedPod): void {
    const current = this.#current(entry);
    if (current) this.#queue.retry(current);
    else this.#gone(entry.key);
  }

  /** The pod needs no node from us any more; another one of its name, which came meanwhile, may. */
  #gone(key: string): void {
    this.#queue.done(key);
    const pod = this.#stopped ? undefined : this.#informers.informer(resources.pods).store.get(key);
    if (pod && needsNode(pod) && this.#isOurs(pod)) this.#queue.add(podInfoOf(pod));
  }

  #isOurs({ spec }: Pod): boolean {
    return this.#profiles.has(spec?.schedulerName ?? defaultSchedulerName);
  }

  #current(entry: QueuedPod): QueuedPod | undefined {
    const { pod } = entry.info;
    const known = this.#informers.informer(resources.pods).store.get(keyString(keyOf(pod)));
    if (!known || known.metadata.uid !== pod.metadata.uid || known.spec?.nodeName) return undefined;
    return { ...entry, info: podInfoOf(known) };
  }

  #forget(info: PodInfo, nodeName: string): void {
    this.#cluster.forgetPod(info.key);
    const { pod } = info;
    this.#queue.event({
      kind: "assigned-pod/deleted",
      pod: { ...pod, ...(pod.spec && { spec: { ...pod.spec, nodeName } }) },
    });
  }

  /** A plugin refused the pod after its node was chosen. */
  #turnAway(attempt: Attempt, nodeName: string, rejection: Rejection): void {
    this.#forget(attempt.entry.info, nodeName);
    const fit: FitError = { nodesTotal: 1, nodes: new Map([[nodeName, rejection]]) };
    this.#track(this.#reject(attempt, fit, false));
  }

  #track(work: Promise<void>): void {
    this.#bindings.add(work);
    void work.finally(() => {
      this.#bindings.delete(work);
      this.#wakeUp();
    });
  }

  /** No node fits: what PostFilter can do about it, then the pod waits. */
  async #reject({ entry, profile, startedAt }: Attempt, fit: FitError, mayHelp: boolean): Promise<void> {
    this.#metrics.attempt("unschedulable", profile.schedulerName, startedAt);
    const helpingAt = this.#host.clock.now();
    const helped = mayHelp ? await askPostFilters(profile, entry.info, fit, this.#host.log) : noHelp;
    const outcome = helped.helped ? "Success" : "Unschedulable";
    if (mayHelp) this.#metrics.point("PostFilter", outcome, profile.schedulerName, helpingAt);
    const message = fitMessage(fit, helped.message);
    if (this.#stopped) return;
    const current = this.#current(entry);
    if (!current) {
      this.#gone(entry.key);
      return;
    }
    this.#events.event(entry.info.pod, "Warning", "FailedScheduling", message, { action: "Scheduling" });
    this.#queue.unschedulable({ ...current, refusedBy: refusingPlugins(fit) });
    const nominated = helped.nominated;
    await this.#writePending(entry, {
      reason: "Unschedulable",
      message,
      ...(nominated !== undefined && { nominated }),
    });
  }

  #writePending({ info }: QueuedPod, why: WhyPending): Promise<void> {
    return writePending(info.pod, why, { client: this.#client, host: this.#host });
  }
}

/** One try of a pod. */
interface Attempt {
  readonly entry: QueuedPod;
  readonly profile: Profile;
  /** ms since the epoch. */
  readonly startedAt: number;
}

function hintsOf(profile: Profile): QueueProfile["hints"] {
  const { preEnqueues, filters, reserves, permits } = profile;
  const hints = new Map<string, NonNullable<(typeof filters)[number]["wakesOn"]>>();
  for (const { name, wakesOn } of [...preEnqueues, ...filters, ...reserves, ...permits]) {
    if (wakesOn) hints.set(name, wakesOn);
  }
  return hints;
}
