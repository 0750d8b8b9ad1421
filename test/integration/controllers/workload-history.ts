// What a watch tells of the workloads, in the order of its revisions: how they are, and how they were a moment ago.

import { isConditionTrue, type KubeObject, type OwnerReference, parseTime } from "../../../src/api/meta/index.ts";
import type { Pod } from "../../../src/api/types/index.ts";
import { type ResourceType, resources } from "../../../src/client/index.ts";
import type { World } from "./workload-world.ts";

/**
 * Controllers decide on what they saw last, and what they decide may come late: for so long an older wish, or a loss that
 * others caused, is an excuse. Longer than the slowest work on one key with late requests.
 */
export const momentMs = 6000;

const trailMax = 60;

const watched: readonly ResourceType[] = [
  resources.pods,
  resources.replicasets,
  resources.deployments,
  resources.statefulsets,
  resources.daemonsets,
  resources.jobs,
  resources.poddisruptionbudgets,
  resources.nodes,
];

export interface Change {
  readonly atMs: number;
  readonly before: KubeObject | undefined;
  readonly now: KubeObject;
  readonly gone: boolean;
}

interface Loss {
  readonly atMs: number;
  readonly pod: Pod;
  /** The controller that deleted it. */
  readonly by: string | undefined;
}

export const isActive = ({ metadata, status }: Pod) =>
  metadata.deletionTimestamp === undefined && status?.phase !== "Succeeded" && status?.phase !== "Failed";
export const isReady = (pod: Pod) => isConditionTrue(pod.status?.conditions, "Ready");
export const controllerOf = ({ metadata }: KubeObject): OwnerReference | undefined =>
  metadata.ownerReferences?.find(({ controller }) => controller === true);
const uidOf = ({ metadata }: KubeObject) => metadata.uid ?? "";

export class History {
  /** By uid. */
  readonly objects = new Map<string, KubeObject>();
  readonly losses: Loss[] = [];
  /** Of jobs, by uid: pods that ended or were deleted, and those of them that succeeded. */
  readonly ended = new Map<string, Set<string>>();
  readonly succeeded = new Map<string, Set<string>>();
  readonly succeededUndisturbed = new Map<string, Set<string>>();
  /** What the watch told last, for those who read of a failure. */
  readonly trail: string[] = [];
  /** Of daemon sets, by uid: nodes whose ready pod their controller took away, and that have none yet. */
  readonly bared = new Map<string, Set<string>>();
  /** When the last pod or workload changed. */
  changedAtMs = 0;
  readonly #past = new Map<string, Change[]>();
  readonly #deleters = new Map<string, { readonly by: string; readonly atMs: number }>();
  #waiting: Omit<Change, "before">[] = [];
  readonly #world: World;

  constructor(world: World) {
    this.#world = world;
    world.onPodDeletion = (by, pod) => this.#deleters.set(pod, { by, atMs: world.host.clock.now() });
  }

  async begin(): Promise<void> {
    for (const type of watched) {
      await this.#world.client.resource(type).watch(
        {},
        {
          events: (batch) => {
            const atMs = this.#world.host.clock.now();
            for (const event of batch) {
              if (event.type === "ERROR") throw new Error(`the watch of ${type.resource} failed`);
              if (event.type !== "BOOKMARK")
                this.#waiting.push({ atMs, now: event.object, gone: event.type === "DELETED" });
            }
          },
          end: () => {},
        },
      );
    }
  }

  /** Plays what came since the last time, in the order in which it was written. */
  play(check: (change: Change) => void): void {
    const waiting = this.#waiting.sort((a, b) => revisionOf(a.now) - revisionOf(b.now));
    this.#waiting = [];
    for (const { atMs, now, gone } of waiting) {
      const before = this.objects.get(uidOf(now));
      const change: Change = { atMs, before, now, gone };
      if (gone) this.objects.delete(uidOf(now));
      else this.objects.set(uidOf(now), now);
      if (now.kind !== "Node") this.changedAtMs = atMs;
      this.#past.set(uidOf(now), [...this.#recent(uidOf(now), atMs), change]);
      if (now.kind === "Pod") this.#seePod(change, now as Pod, before as Pod | undefined);
      this.#tell(change);
      check(change);
    }
  }

  of<T extends KubeObject>({ kind }: ResourceType<T>): T[] {
    return [...this.objects.values()].filter((object) => object.kind === kind) as T[];
  }

  podsOf(uid: string): Pod[] {
    return this.of(resources.pods).filter((pod) => controllerOf(pod)?.uid === uid);
  }

  /** All that the object was within the last moment. */
  lately<T extends KubeObject>(object: T, atMs: number): T[] {
    const changes = this.#recent(object.metadata.uid ?? "", atMs);
    return changes.flatMap(({ before, now }) => (before ? [before as T, now as T] : [now as T])).concat(object);
  }

  /** The controller that deleted the pod just now, if one did. */
  deleterOf(pod: Pod, atMs: number): string | undefined {
    const found = this.#deleters.get(pod.metadata.name ?? "");
    return found && atMs - found.atMs < 1000 ? found.by : undefined;
  }

  /** How many pods were lost in the last moment that this controller did not take away. */
  lostToOthers(controller: string, atMs: number, matches: (pod: Pod) => boolean): number {
    return this.losses.filter((loss) => atMs - loss.atMs <= momentMs && loss.by !== controller && matches(loss.pod))
      .length;
  }

  /** Available to controllers, who reckon in whole seconds. */
  isAvailable(pod: Pod, atMs: number, minReadySeconds: number): boolean {
    if (!isActive(pod) || !isReady(pod)) return false;
    const since = pod.status?.conditions?.find(({ type }) => type === "Ready")?.lastTransitionTime;
    return minReadySeconds === 0 || (since != null && parseTime(since) + minReadySeconds * 1000 <= atMs);
  }

  /** The last change before the moment began gives the state that it began with. */
  #recent(uid: string, atMs: number): Change[] {
    const past = this.#past.get(uid) ?? [];
    const first = past.findIndex((change) => atMs - change.atMs <= momentMs);
    return first < 0 ? past.slice(-1) : past.slice(Math.max(0, first - 1));
  }

  #tell({ now, gone, atMs }: Change): void {
    if (now.kind === "Node") return;
    const { spec, status = {}, metadata } = now as KubeObject & { spec?: { replicas?: number }; status?: object };
    const {
      conditions: _,
      containerStatuses: __,
      ...rest
    } = status as { conditions?: object; containerStatuses?: object };
    const leaving = metadata.deletionTimestamp === undefined ? "" : ` leaving, held by ${metadata.finalizers}`;
    const pod = now.kind === "Pod" ? (now as Pod) : undefined;
    const state = pod
      ? `${pod.spec?.nodeName} ${pod.status?.phase}${isReady(pod) ? " ready" : ""} ${this.deleterOf(pod, atMs) ?? ""}`
      : `${spec?.replicas} ${JSON.stringify(rest)}`;
    const at = new Date(atMs).toISOString().slice(11, -1);
    this.trail.push(`${at} ${now.kind} ${metadata.name} ${gone ? "gone" : state}${leaving}`);
    if (this.trail.length > trailMax) this.trail.shift();
  }

  #seePod({ atMs, gone }: Change, now: Pod, before: Pod | undefined): void {
    const counted = (pod: Pod) => isActive(pod) && isReady(pod);
    const isLost = gone || !counted(now);
    if (isLost && before !== undefined && counted(before)) {
      this.losses.push({ atMs, pod: before, by: this.deleterOf(now, atMs) });
    }
    const job = controllerOf(now);
    if (job?.kind !== "Job") return;
    const { phase } = now.status ?? {};
    if (gone || !isActive(now)) remember(this.ended, job.uid, uidOf(now));
    if (phase !== "Succeeded") return;
    remember(this.succeeded, job.uid, uidOf(now));
    if (now.metadata.deletionTimestamp === undefined) remember(this.succeededUndisturbed, job.uid, uidOf(now));
  }
}

function remember(known: Map<string, Set<string>>, job: string, pod: string): void {
  const pods = known.get(job) ?? new Set();
  known.set(job, pods.add(pod));
}

export function revisionOf({ metadata }: KubeObject): number {
  return Number(metadata.resourceVersion);
}
