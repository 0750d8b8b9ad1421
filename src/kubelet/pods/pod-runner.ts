import { deepEqual, parseTime } from "../../api/meta/index.ts";
import type { Pod, PodStatus } from "../../api/types/index.ts";
import type { Timer } from "../../host/index.ts";
import {
  type Action,
  decide,
  type Ending,
  emptyMemory,
  graceSecondsOf,
  latest,
  type ObservedPod,
  type ObservedSandbox,
  type Plan,
  type PodMemory,
  podStatus,
  podUid,
  runningContainers,
  type Situation,
} from "../pod-worker/index.ts";
import { rpcErrorText, runtimeWords } from "../runtime/error-text.ts";
import { RuntimeError } from "../runtime/runtime.ts";
import { volumeFailure } from "../volumes/index.ts";
import { ContainerWatch } from "./container-watch.ts";
import { isContested } from "./contested.ts";
import type { NodePorts } from "./node-ports.ts";
import { PodObserver } from "./observe.ts";
import { PodResizer } from "./pod-resizer.ts";
import { runSandbox } from "./run-sandbox.ts";
import { startContainer } from "./start-container.ts";
import { StartError } from "./start-error.ts";
import { withFailure, withoutFailure } from "./start-failures.ts";
import type { PodLane } from "./status-writer.ts";
import { stopContainer } from "./stop-container.ts";
import { terminationMessage } from "./termination-message.ts";

/** After the runtime failed at something else. */
const failureRetryMs = 10_000;
const killRetryMs = 1000;
/** A resize that the node had no room for is tried again after this at the latest. */
const deferredRetryMs = 3 * 60_000;

/** Looks at one pod again and again: observes, writes its status, decides, acts; until nothing is left of it. */
export class PodRunner {
  readonly uid: string;
  readonly #ports: NodePorts;
  readonly #lane: PodLane;
  readonly #watch: ContainerWatch;
  readonly #observer: PodObserver;
  readonly #startTimeMs: number;
  readonly #onGone: () => void;
  #pod: Pod;
  #memory: PodMemory = emptyMemory;
  #observed: ObservedPod | undefined;
  #timer: Timer | undefined;
  #dirty = false;
  #running = false;
  #starting: AbortController | undefined;
  #isDeleted = false;
  /** The status that users were last told, or are about to be. */
  #shown: PodStatus | undefined;
  #sandboxJustMade = false;
  readonly #resizer: PodResizer;
  #resizeTimer: Timer | undefined;
  #stopped = false;
  /** Who waits until nothing runs and nothing is mounted. */
  #letGo: PromiseWithResolvers<void> | undefined;

  /** @param onGone called when nothing is left to be done for the pod. */
  constructor(ports: NodePorts, pod: Pod, onGone: () => void) {
    this.uid = podUid(pod);
    this.#ports = ports;
    this.#pod = pod;
    this.#lane = ports.statuses.lane(pod);
    this.#resizer = new PodResizer(ports, pod);
    this.#onGone = onGone;
    const messageOf = ports.machine === undefined ? undefined : terminationMessage;
    this.#observer = new PodObserver(ports.runtime, this.uid, messageOf);
    const { startTime } = pod.status ?? {};
    this.#startTimeMs = startTime == null ? ports.host.clock.now() : parseTime(startTime);
    this.#watch = new ContainerWatch(ports, () => this.#pod, {
      changed: (health) => {
        this.#memory = { ...this.#memory, health };
        this.look();
      },
    });
  }

  get pod(): Pod {
    return this.#pod;
  }

  /** Nobody but this node knows of the pod any more. */
  get isObjectGone(): boolean {
    return this.#isDeleted;
  }

  /** The pod with what it was given rather than what it wants. */
  get allocated(): Pod {
    return this.#resizer.allocated(this.#pod);
  }

  /** Something of the node has become free: a resize that waited may be made now. */
  retryResize(): void {
    if (this.#memory.pendingResize !== undefined) this.look();
  }

  /** What the runtime last held of the pod. */
  get observed(): ObservedPod | undefined {
    return this.#observed;
  }

  /** The runtime's ID of the pod's sandbox. */
  get sandboxId(): string | undefined {
    return this.#observed?.sandbox?.id;
  }

  /** What probes found of the containers may no longer hold. */
  recheck(): void {
    this.#watch.recheck();
  }

  /** A new version of the pod's object: what the kubelet itself wrote of it wakes nobody. */
  update(pod: Pod): void {
    const old = this.#pod;
    const contested = isContested(pod, this.#shown, this.#lane.base);
    this.#pod = pod;
    this.#lane.saw(pod);
    this.#ports.volumes.podSeen(pod);
    const { metadata } = pod;
    if (
      metadata.annotations !== old.metadata.annotations &&
      !deepEqual(metadata.annotations, old.metadata.annotations)
    ) {
      this.#watch.recheck();
    }
    const isSame =
      !contested &&
      metadata.generation === old.metadata.generation &&
      metadata.deletionTimestamp === old.metadata.deletionTimestamp &&
      metadata.deletionGracePeriodSeconds === old.metadata.deletionGracePeriodSeconds &&
      (pod.status?.phase === old.status?.phase || !isTerminal(pod)) &&
      (pod.spec?.readinessGates === undefined || pod.status?.conditions === old.status?.conditions);
    if (!isSame) this.look();
  }

  /** The object is gone: what runs of it ends without a word. */
  objectDeleted(): void {
    this.#isDeleted = true;
    const sinceMs = this.#ports.host.clock.now();
    if (this.#pod.metadata.deletionTimestamp == null) this.#end({ cause: "deleted", sinceMs });
    this.look();
  }

  /** Looks at the pod soon. */
  look(): void {
    this.#dirty = true;
    if (this.#running || this.#stopped) return;
    this.#running = true;
    void this.#run();
  }

  /** The kubelet ends; the pod goes on without it. */
  stop(): void {
    this.#stopped = true;
    this.#timer?.cancel();
    this.#resizeTimer?.cancel();
    this.#starting?.abort(new Error("the kubelet stops"));
    this.#watch.stop();
  }

  async #run(): Promise<void> {
    try {
      while (this.#dirty && !this.#stopped) {
        this.#dirty = false;
        await this.#step();
      }
    } catch (error) {
      const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
      this.#ports.host.log.error("a pod could not be worked on", { pod: this.uid, error: text });
      this.#lookAfter(failureRetryMs);
    } finally {
      this.#running = false;
      if (this.#dirty) this.look();
    }
  }

  async #step(): Promise<void> {
    const observed = await this.#observe();
    if (observed === undefined || this.#stopped) return;
    this.#observed = observed;
    this.#allocate();
    this.#memory = { ...this.#memory, health: this.#watch.follow(observed, this.#lane.base) };
    const situation = this.#situation(observed);
    const plan = decide(situation);
    this.#showStatus(situation, plan);
    this.#remember(plan);
    for (const event of plan.events) this.#ports.record(this.#pod, event);
    if (plan.ended) {
      await this.#finish();
      return;
    }
    await this.#act(plan.actions, observed);
    this.#wakeAt(plan.wakeAtMs);
  }

  #allocate(): void {
    this.#memory = this.#resizer.allocate(this.#pod, this.#memory);
    if (this.#memory.pendingResize?.reason !== "Deferred" || this.#resizeTimer !== undefined) return;
    this.#resizeTimer = this.#ports.host.clock.setTimer(deferredRetryMs, () => {
      this.#resizeTimer = undefined;
      this.retryResize();
    });
  }

  /** Undefined when the runtime does not say: users are told, and it is asked again later. */
  async #observe(): Promise<ObservedPod | undefined> {
    try {
      return await this.#observer.observe();
    } catch (error) {
      if (!(error instanceof RuntimeError)) throw error;
      if (this.#stopped) return undefined;
      const message = `error determining status: ${rpcErrorText(error)}`;
      this.#ports.record(this.#pod, { type: "Warning", reason: "FailedSync", message });
      this.#lookAfter(failureRetryMs);
      return undefined;
    }
  }

  #situation(observed: ObservedPod): Situation {
    // Spec and deletion as last seen, status as last written: the informer may lag behind our own writes.
    const seen = this.#lane.base === this.#pod ? this.#pod : { ...this.#pod, status: this.#lane.base.status };
    const pod = this.#resizer.allocated(seen);
    return {
      pod,
      observed,
      now: this.#ports.host.clock.now(),
      startTimeMs: this.#startTimeMs,
      networkReady: this.#ports.networkReady(),
      memory: this.#memory,
    };
  }

  /** Users see why containers wait as it was known before this look, and at once that the pod as a whole ends. */
  #showStatus(situation: Situation, plan: Plan): void {
    if (this.#isDeleted && this.#lane.isMirror !== true) return;
    // All that is left is to stop the sandbox: the status after that is the one to show.
    const almostEnded = plan.ending !== undefined && !plan.ended && runningContainers(situation.observed).length === 0;
    if (almostEnded) return;
    // As the original, which starts containers right after the sandbox: one write tells of both.
    const isBetween = this.#sandboxJustMade && plan.actions.some(({ kind }) => kind === "start");
    this.#sandboxJustMade = false;
    if (isBetween) return;
    const memory = { ...situation.memory, ending: plan.ending };
    const status: PodStatus = podStatus({ ...situation, memory }, this.#ports.hostIPs);
    this.#shown = status;
    this.#lane.want(status);
  }

  #remember(plan: Plan): void {
    this.#memory = {
      ...this.#memory,
      backoffs: plan.backoffs,
      waiting: plan.waiting,
      ending: plan.ending,
    };
    if (plan.ending !== undefined) this.#starting?.abort(new Error("the pod ends"));
  }

  /** The node needs what the pod uses: it ends, and has failed. */
  evict(message: string, graceSeconds: number): void {
    if (this.#memory.ending !== undefined) return;
    this.#ports.record(this.#pod, { type: "Warning", reason: "Evicted", message });
    const sinceMs = this.#ports.host.clock.now();
    this.#end({ cause: "evicted", sinceMs, reason: "Evicted", message, graceSeconds });
    this.look();
  }

  /**
   * The node goes down: the pod ends within this time, also if it is about to end already, and has failed.
   * @returns resolves when nothing of it runs any more and its volumes are let go
   */
  endForShutdown(reason: string, message: string, graceSeconds: number): Promise<void> {
    const { ending } = this.#memory;
    if (ending === undefined) {
      this.#end({ cause: "shutdown", sinceMs: this.#ports.host.clock.now(), reason, message, graceSeconds });
    } else {
      const left = Math.min(ending.graceSeconds ?? graceSecondsOf(this.#pod), graceSeconds);
      this.#memory = { ...this.#memory, ending: { ...ending, graceSeconds: left } };
    }
    this.#letGo ??= Promise.withResolvers<void>();
    this.look();
    return this.#letGo.promise;
  }

  #end(ending: Ending): void {
    if (this.#memory.ending !== undefined) return;
    this.#memory = { ...this.#memory, ending };
    this.#starting?.abort(new Error("the pod ends"));
  }

  async #act(actions: readonly Action[], observed: ObservedPod): Promise<void> {
    const resizes = actions.filter((action) => action.kind === "resize");
    if (resizes.length > 0) await this.#resize(resizes);
    for (const action of actions) {
      if (this.#stopped) return;
      switch (action.kind) {
        case "createSandbox":
          await this.#createSandbox(action.attempt);
          break;
        case "stopSandbox":
          await this.#ports.runtime.stopPodSandbox(action.id);
          this.#dirty = true;
          break;
        case "removeSandbox":
          await this.#ports.runtime.removePodSandbox(action.id);
          break;
        case "removeContainer":
          await this.#removeContainer(action.id, observed);
          break;
        case "start":
          if (observed.sandbox !== undefined) await this.#start(action, observed.sandbox);
          break;
        case "resize":
          break; // all at once, before
        case "kill":
          this.#kill(action, observed.sandbox?.ips[0] ?? "");
          break;
        default:
          action satisfies never;
      }
    }
  }

  async #resize(resizes: readonly (Action & { kind: "resize" })[]): Promise<void> {
    const before = this.#memory.resizeError;
    this.#memory = await this.#resizer.resize(this.#pod, resizes, this.#memory);
    const { resizeError } = this.#memory;
    if (resizeError !== undefined) this.#lookAfter(failureRetryMs);
    if (resizeError === undefined || resizeError !== before) this.#dirty = true;
  }

  async #createSandbox(attempt: number): Promise<void> {
    const volumes = await this.#ports.volumes.prepare(this.#pod);
    if (this.#stopped) return;
    if (!volumes.ready) {
      for (const message of volumes.problems)
        this.#ports.record(this.#pod, { type: "Warning", reason: volumeFailure(message), message });
      this.#lookAfter(volumes.retryAfterMs);
      return;
    }
    try {
      await this.#ports.machine?.cgroups?.ensure(this.#pod);
    } catch (error) {
      const message = `unable to ensure pod container exists: ${error instanceof Error ? error.message : error}`;
      this.#ports.record(this.#pod, { type: "Warning", reason: "FailedCreatePodContainer", message });
      this.#lookAfter(failureRetryMs);
      return;
    }
    try {
      await runSandbox(this.#ports, this.#pod, attempt);
      this.#sandboxJustMade = true;
      this.#dirty = true;
    } catch (error) {
      const why = error instanceof RuntimeError ? rpcErrorText(error) : runtimeWords(error);
      const message = `Failed to create pod sandbox: ${why}`;
      this.#ports.record(this.#pod, { type: "Warning", reason: "FailedCreatePodSandBox", message });
      this.#lookAfter(failureRetryMs);
    }
  }

  async #start(action: Action & { kind: "start" }, sandbox: ObservedSandbox): Promise<void> {
    const { container, role, attempt } = action;
    const { name } = container;
    this.#starting = new AbortController();
    const { signal } = this.#starting;
    try {
      const started = await startContainer(this.#ports, { pod: this.#pod, container, role, attempt, sandbox, signal });
      this.#memory = withoutFailure(this.#memory, name);
      this.#dirty = true;
      if (started.hookFailed) {
        const graceSeconds = this.#pod.spec?.terminationGracePeriodSeconds ?? 30;
        const kill = {
          kind: "kill",
          containerId: started.id,
          name,
          message: "FailedPostStartHook",
          graceSeconds,
        } as const;
        this.#kill(kill, sandbox.ips[0] ?? "");
      }
    } catch (error) {
      if (signal.aborted) {
        this.#dirty = true;
        return;
      }
      if (!(error instanceof StartError)) throw error;
      this.#memory = withFailure(this.#memory, container, error, this.#ports.host.clock.now());
      this.#dirty = true;
    } finally {
      this.#starting = undefined;
    }
  }

  async #removeContainer(id: string, { containers }: ObservedPod): Promise<void> {
    const { runtime, machine } = this.#ports;
    await runtime.removeContainer(id);
    const seen = containers.find((container) => container.id === id);
    if (seen !== undefined) await machine?.files.containerRemoved(this.#pod, seen.name, seen.attempt, id);
  }

  /** Ends a container in the background: its pod is looked at again when it has ended. */
  #kill({ containerId, name, message, graceSeconds }: Action & { kind: "kill" }, podIP: string): void {
    const runsHook = !this.#memory.killing.has(containerId);
    const madeToEndAt = this.#ports.host.clock.now() + graceSeconds * 1000;
    this.#memory = { ...this.#memory, killing: new Map(this.#memory.killing).set(containerId, madeToEndAt) };
    if (message !== "") {
      this.#ports.record(this.#pod, { type: "Normal", reason: "Killing", message, container: name });
    }
    this.#watch.ending(containerId);
    stopContainer(this.#ports, { pod: this.#pod, id: containerId, name, podIP, graceSeconds, runsHook }).then(
      () => this.look(),
      (error: unknown) => {
        this.#ports.host.log.warn("a container could not be ended", {
          pod: this.uid,
          name,
          error: rpcErrorText(error),
        });
        const killing = new Map(this.#memory.killing);
        killing.delete(containerId);
        this.#memory = { ...this.#memory, killing };
        this.#lookAfter(killRetryMs);
      },
    );
  }

  /** Nothing runs any more: what is left is to let go of the object and of the sandbox. */
  async #finish(): Promise<void> {
    this.#watch.stop();
    await this.#ports.volumes.release(this.uid);
    await this.#ports.machine?.userNamespaces.release(this.uid);
    this.#letGo?.resolve();
    if (this.#isDeleted || this.#pod.metadata.deletionTimestamp != null) {
      if (!this.#isDeleted || this.#lane.isMirror === true) await this.#lane.remove();
      await this.#removeSandboxes();
      await this.#ports.machine?.cgroups?.release(this.#pod);
      // Not before: the logs of a pod that completed are read until it is deleted.
      await this.#ports.machine?.files.release(this.#pod);
      this.#ports.images.forget(this.uid);
      this.#stopped = true;
      this.#timer?.cancel();
      this.#onGone();
    }
  }

  async #removeSandboxes(): Promise<void> {
    const { sandbox, olderSandboxIds } = this.#observed ?? { olderSandboxIds: [] };
    for (const id of [...olderSandboxIds, ...(sandbox === undefined ? [] : [sandbox.id])]) {
      await this.#ports.runtime.removePodSandbox(id);
    }
  }

  /** After a failure: whatever else wakes it before. */
  #lookAfter(ms: number): void {
    this.#ports.host.clock.setTimer(ms, () => this.look());
  }

  /** When the last decision wants to be looked at again; the next replaces it. */
  #wakeAt(ms: number | undefined): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    if (ms === undefined || this.#stopped) return;
    const delay = Math.max(ms - this.#ports.host.clock.now(), 0);
    this.#timer = this.#ports.host.clock.setTimer(delay, () => this.look());
  }

  /** The runtime's ID of a container of this pod: of its latest run, or of the one before. */
  containerId(name: string, isPrevious: boolean): string | undefined {
    const { containers } = this.#observed ?? { containers: [] };
    const newest = this.#observed === undefined ? undefined : latest(this.#observed, name);
    const wanted = isPrevious ? containers.find((one) => one.name === name && one !== newest) : newest;
    return wanted?.id;
  }
}

function isTerminal(pod: Pod): boolean {
  return pod.status?.phase === "Failed" || pod.status?.phase === "Succeeded";
}
