import { isTolerated } from "../../api/placement/index.ts";
import type { Pod } from "../../api/types/index.ts";
import type { Host, Timer } from "../../host/index.ts";
import { podUid, qosClassOf } from "../pod-worker/index.ts";
import type { Refusal } from "../pods/admission.ts";
import { noPressure, type PressureCondition, type PressureState, pressureOf } from "./pressure.ts";
import { amountIn, type Observations, type Threshold } from "./thresholds.ts";
import { evictionMessage, isCritical, overOwnLimit, type PodUsage, rankForEviction, resourceOf } from "./victims.ts";

/** What a machine has left, and what its pods use of it. */
export interface NodeResources {
  observe(): Promise<Observations>;
  usage(pods: readonly Pod[]): Promise<readonly PodUsage[]>;
  /** Gives back what no pod needs: images that nobody uses. */
  freeDisk(): Promise<void>;
}

/** What evicting needs of its node. */
export interface EvictionPorts {
  readonly host: Host;
  readonly resources: NodeResources;
  /** The pods that run here. */
  pods(): readonly Pod[];
  /** Begins to end a pod. */
  evict(pod: Pod, message: string, graceSeconds: number): void;
  /** Whether nothing of the pod runs any more. */
  isOver(uid: string): boolean;
  /** A warning about the node. */
  warn(reason: string, message: string): void;
  /** The node's conditions are other ones now. */
  conditionsChanged(): void;
}

export interface EvictionSettings {
  readonly thresholds: readonly Threshold[];
  /** How long a condition outlasts what caused it, in milliseconds. Default 5 minutes. */
  readonly pressureTransitionMs?: number;
  /** The longest time a pod gets to end when a soft threshold was crossed, in seconds. Default 0. */
  readonly maxPodGraceSeconds?: number;
}

const lookEveryMs = 10_000;
/** An evicted pod gets this long to end before the next one is chosen. */
const victimEndsWithinMs = 30_000;
/** What a hard eviction leaves a pod. */
const immediateGraceSeconds = 1;

/**
 * Ends pods before the node runs out of memory, disk or processes, one at a time, and keeps new ones off it meanwhile.
 * (Kubernetes: node-pressure eviction.)
 */
export class EvictionManager {
  readonly #ports: EvictionPorts;
  readonly #settings: EvictionSettings;
  #state: PressureState = noPressure;
  #conditions: ReadonlySet<PressureCondition> = new Set();
  #timer: Timer | undefined;
  #victim: { readonly uid: string; readonly untilMs: number } | undefined;
  #stopped = false;

  constructor(ports: EvictionPorts, settings: EvictionSettings) {
    this.#ports = ports;
    this.#settings = settings;
  }

  get conditions(): ReadonlySet<PressureCondition> {
    return this.#conditions;
  }

  start(): void {
    this.#timer = this.#ports.host.clock.setTimer(lookEveryMs, () => void this.#lookAndGoOn());
  }

  stop(): void {
    this.#stopped = true;
    this.#timer?.cancel();
  }

  /** Why a new pod is not taken while the node is short of something. */
  refusalOf(pod: Pod): Refusal | undefined {
    if (this.#conditions.size === 0 || isCritical(pod)) return undefined;
    const onlyMemory = this.#conditions.size === 1 && this.#conditions.has("MemoryPressure");
    if (onlyMemory && ((pod.status?.qosClass ?? qosClassOf(pod)) !== "BestEffort" || toleratesMemoryPressure(pod))) {
      return undefined;
    }
    return { reason: "Evicted", message: `The node had condition: [${[...this.#conditions].join(" ")}]. ` };
  }

  async #lookAndGoOn(): Promise<void> {
    try {
      await this.look();
    } catch (error) {
      this.#ports.host.log.error("the node's pressure could not be judged", { error });
    }
    if (!this.#stopped) this.start();
  }

  /** Looks at the node once, and ends at most one pod for its sake. */
  async look(): Promise<void> {
    const { host } = this.#ports;
    const seen = await this.#ports.resources.observe();
    const acute = this.#judge(seen);
    if (this.#stopped || this.#waitsForVictim()) return;
    const usage = await this.#ports.resources.usage(this.#ports.pods());
    if (this.#stopped || this.#evictGreedy(usage) || acute === undefined) return;

    const resource = resourceOf[acute.signal];
    host.log.warn("the node is short of something, pods may have to go", { signal: acute.signal });
    this.#ports.warn("EvictionThresholdMet", `Attempting to reclaim ${resource}`);
    if (resource === "ephemeral-storage" || resource === "inodes") {
      await this.#ports.resources.freeDisk();
      if (this.#stopped || this.#judge(await this.#ports.resources.observe()) === undefined) return;
    }
    this.#evictFor(acute, seen, usage);
  }

  #judge(seen: Observations): Threshold | undefined {
    const { thresholds, pressureTransitionMs = 300_000 } = this.#settings;
    const now = this.#ports.host.clock.now();
    const { state, conditions, acute } = pressureOf(thresholds, seen, this.#state, now, pressureTransitionMs);
    const isSame = conditions.size === this.#conditions.size && conditions.isSubsetOf(this.#conditions);
    this.#state = state;
    this.#conditions = conditions;
    if (!isSame) this.#ports.conditionsChanged();
    return acute;
  }

  #waitsForVictim(): boolean {
    const victim = this.#victim;
    if (victim === undefined) return false;
    if (!this.#ports.isOver(victim.uid) && this.#ports.host.clock.now() < victim.untilMs) return true;
    this.#victim = undefined;
    return false;
  }

  /** Pods that take more than they allow themselves go at once, all of them. */
  #evictGreedy(usage: readonly PodUsage[]): boolean {
    let some = false;
    for (const one of usage) {
      const message = overOwnLimit(one);
      if (message === undefined || isCritical(one.pod)) continue;
      this.#ports.evict(one.pod, message, immediateGraceSeconds);
      some = true;
    }
    return some;
  }

  #evictFor(threshold: Threshold, seen: Observations, usage: readonly PodUsage[]): void {
    const { signal, limit, graceMs } = threshold;
    const observation = seen.get(signal);
    if (observation === undefined) return;
    const victim = rankForEviction(usage, signal).find(({ pod }) => !isCritical(pod));
    if (victim === undefined) {
      this.#ports.host.log.error("the node is short of something, and no pod may be evicted", { signal });
      return;
    }
    const message = evictionMessage(victim, signal, amountIn(limit, observation.capacity), observation);
    this.#ports.evict(victim.pod, message, graceMs === 0 ? immediateGraceSeconds : this.#softGrace(victim.pod));
    const untilMs = this.#ports.host.clock.now() + victimEndsWithinMs;
    this.#victim = { uid: podUid(victim.pod), untilMs };
  }

  #softGrace({ spec }: Pod): number {
    const own = spec?.terminationGracePeriodSeconds ?? 30;
    return Math.min(own, this.#settings.maxPodGraceSeconds ?? 0);
  }
}

function toleratesMemoryPressure({ spec }: Pod): boolean {
  return isTolerated({ key: "node.kubernetes.io/memory-pressure", effect: "NoSchedule" }, spec?.tolerations);
}
