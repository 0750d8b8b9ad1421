import { controllerReference } from "../../api/meta/index.ts";
import type { Deployment, DeploymentStatus, ReplicaSet } from "../../api/types/index.ts";
import type { Draft } from "../../client/index.ts";
import { byCreation } from "../owners.ts";
import {
  byRevision,
  desiredReplicas,
  maxRevision,
  revisionAnnotation,
  withNewestAnnotations,
  withSizeAnnotations,
} from "./annotations.ts";
import {
  type Conditions,
  condition,
  deadlineInMs,
  hasDeadline,
  isComplete,
  progressing,
  withCondition,
  withPausing,
} from "./conditions.ts";
import { proportionalSizes } from "./proportional.ts";
import { isRolling, newestReplicas, replicasOf, shrinkOld } from "./rolling.ts";
import { countedStatus, rolloutStatus } from "./status.ts";
import { sameTemplate, templateHash, templateHashLabel } from "./template-hash.ts";

export interface DeploymentObserved {
  readonly deployment: Deployment;
  /** All that the deployment controls. */
  readonly replicaSets: readonly ReplicaSet[];
  /** Whether pods of this replica set are there that have not ended (asked for Recreate only). */
  readonly hasPods: (replicaSet: ReplicaSet) => boolean;
  readonly nowMs: number;
}

export type Action =
  | { readonly kind: "create"; readonly replicaSet: Draft<ReplicaSet> }
  | { readonly kind: "update"; readonly replicaSet: ReplicaSet; readonly from: number }
  | { readonly kind: "delete"; readonly replicaSet: ReplicaSet };

export interface DeploymentPlan {
  readonly actions: readonly Action[];
  readonly status: DeploymentStatus;
  /** The deployment's revision annotation, when it has to change; written together with the status. */
  readonly revision?: string;
  /** When to look again though nothing changes: the progress deadline. */
  readonly againAfterMs?: number;
}

/** One step of a deployment from what is there towards what is wanted. */
export function planDeployment(observed: DeploymentObserved): DeploymentPlan {
  return new Planning(observed).plan();
}

/** The plan in the making: replica sets as they will be, and what has to be done for it. */
class Planning {
  readonly #deployment: Deployment;
  readonly #observed: DeploymentObserved;
  readonly #actions: Action[] = [];
  #newest: ReplicaSet | undefined;
  #old: ReplicaSet[];
  #conditions: Conditions;
  #revision: string | undefined;

  constructor(observed: DeploymentObserved) {
    const { deployment, replicaSets, nowMs } = observed;
    this.#observed = observed;
    this.#deployment = deployment;
    const ordered = [...replicaSets].sort(byCreation);
    this.#newest = ordered.find((replicaSet) => sameTemplate(replicaSet.spec.template, deployment.spec.template));
    this.#old = ordered.filter((replicaSet) => replicaSet !== this.#newest);
    this.#conditions = withPausing(deployment, deployment.status?.conditions ?? [], nowMs);
  }

  plan(): DeploymentPlan {
    if (this.#deployment.metadata.deletionTimestamp !== undefined) {
      // Only the status is kept: what belongs to it goes with it.
      return this.#finish(this.#counted());
    }
    if (this.#deployment.spec.paused || this.#wasScaled()) return this.#scaleOnly();
    return isRolling(this.#deployment) ? this.#roll() : this.#recreate();
  }

  get #all(): ReplicaSet[] {
    return this.#newest === undefined ? this.#old : [...this.#old, this.#newest];
  }

  get #active(): ReplicaSet[] {
    return this.#all.filter((replicaSet) => replicasOf(replicaSet) > 0);
  }

  #wasScaled(): boolean {
    const wanted = replicasOf(this.#deployment);
    return this.#active.some((replicaSet) => {
      const desired = desiredReplicas(replicaSet);
      return desired !== undefined && desired !== wanted;
    });
  }

  #scaleOnly(): DeploymentPlan {
    this.#noteNewest();
    this.#scale();
    if (this.#deployment.spec.paused) this.#forgetOldRevisions();
    return this.#finish(this.#counted());
  }

  #scale(): void {
    const wanted = replicasOf(this.#deployment);
    const active = this.#active;
    const latest =
      active.length === 0 ? (this.#newest ?? this.#old.at(-1)) : active.length === 1 ? active[0] : undefined;
    if (latest !== undefined) {
      if (replicasOf(latest) !== wanted) this.#resize(latest, wanted);
      return;
    }
    if (this.#isSaturated()) {
      for (const replicaSet of this.#old) if (replicasOf(replicaSet) > 0) this.#resize(replicaSet, 0);
      return;
    }
    if (!isRolling(this.#deployment)) return;
    for (const [replicaSet, size] of proportionalSizes(this.#deployment, active)) this.#resize(replicaSet, size);
  }

  #isSaturated(): boolean {
    const wanted = replicasOf(this.#deployment);
    const newest = this.#newest;
    if (newest === undefined || desiredReplicas(newest) !== wanted || replicasOf(newest) !== wanted) return false;
    return (newest.status?.availableReplicas ?? 0) === wanted;
  }

  #roll(): DeploymentPlan {
    this.#noteNewest();
    const newest = this.#newest ?? this.#makeNewest();
    const size = replicasOf(newest);
    const wanted = replicasOf(this.#deployment);
    const next = size > wanted ? wanted : newestReplicas(this.#deployment, this.#all, newest);
    if (next !== size) {
      this.#resize(newest, next);
      return this.#finish(this.#rollout());
    }
    const old = this.#old.filter((replicaSet) => replicasOf(replicaSet) > 0);
    const shrunk = shrinkOld(this.#deployment, old, newest);
    for (const [replicaSet, smaller] of shrunk) this.#resize(replicaSet, smaller);
    if (shrunk.size === 0) this.#forgetOldRevisionsWhenComplete();
    return this.#finish(this.#rollout());
  }

  #recreate(): DeploymentPlan {
    this.#noteNewest();
    const running = this.#old.filter((replicaSet) => replicasOf(replicaSet) > 0);
    for (const replicaSet of running) this.#resize(replicaSet, 0);
    const oldPodsLive = this.#old.some((old) => (old.status?.replicas ?? 0) > 0 || this.#observed.hasPods(old));
    if (running.length > 0 || oldPodsLive) return this.#finish(this.#rollout());
    const newest = this.#newest ?? this.#makeNewest();
    this.#resize(newest, replicasOf(this.#deployment));
    this.#forgetOldRevisionsWhenComplete();
    return this.#finish(this.#rollout());
  }

  /** Brings revision and annotations of an existing newest replica set up to date, and the deployment's revision with it. */
  #noteNewest(): void {
    const newest = this.#newest;
    if (newest === undefined) return;
    const revision = maxRevision(this.#old) + 1n;
    const annotated = withNewestAnnotations(this.#deployment, newest, revision);
    const minReadySeconds = this.#deployment.spec.minReadySeconds;
    const sameReadiness = (newest.spec.minReadySeconds ?? 0) === (minReadySeconds ?? 0);
    const next = sameReadiness ? annotated : { ...annotated, spec: { ...annotated.spec, minReadySeconds } };
    if (next !== newest) this.#replace(newest, next);
    this.#noteRevision(next.metadata.annotations?.[revisionAnnotation] ?? String(revision));
    if (hasDeadline(this.#deployment) && progressing(this.#conditions) === undefined) {
      this.#progress("FoundNewReplicaSet", `Found new replica set "${newest.metadata.name}"`);
    }
  }

  #makeNewest(): ReplicaSet {
    const deployment = this.#deployment;
    const draft = newReplicaSet(deployment);
    const size = newestReplicas(deployment, [...this.#old, draft], draft);
    const revision = maxRevision(this.#old) + 1n;
    const sized = { ...draft, spec: { ...draft.spec, replicas: size } };
    const replicaSet = withSizeAnnotations(deployment, withNewestAnnotations(deployment, sized, revision));
    this.#newest = replicaSet;
    this.#actions.push({ kind: "create", replicaSet });
    this.#noteRevision(String(revision));
    if (hasDeadline(deployment)) {
      this.#progress("NewReplicaSetCreated", `Created new replica set "${replicaSet.metadata.name}"`);
    }
    return replicaSet;
  }

  #noteRevision(revision: string): void {
    if (this.#deployment.metadata.annotations?.[revisionAnnotation] !== revision) this.#revision = revision;
  }

  #progress(reason: string, message: string): void {
    const next = condition("Progressing", "True", reason, message, this.#observed.nowMs);
    this.#conditions = withCondition(this.#conditions, next);
  }

  #resize(replicaSet: ReplicaSet, size: number): void {
    const resized =
      replicasOf(replicaSet) === size ? replicaSet : { ...replicaSet, spec: { ...replicaSet.spec, replicas: size } };
    const next = withSizeAnnotations(this.#deployment, resized);
    if (next !== replicaSet) this.#replace(replicaSet, next);
  }

  /** One write a replica set: a second change joins the first. */
  #replace(before: ReplicaSet, next: ReplicaSet): void {
    if (this.#newest === before) this.#newest = next;
    else this.#old = this.#old.map((replicaSet) => (replicaSet === before ? next : replicaSet));
    const index = this.#actions.findIndex((action) => action.kind !== "delete" && action.replicaSet === before);
    const earlier = this.#actions[index];
    if (earlier === undefined) this.#actions.push({ kind: "update", replicaSet: next, from: replicasOf(before) });
    else this.#actions[index] = { ...earlier, replicaSet: next } as Action;
  }

  #forgetOldRevisionsWhenComplete(): void {
    if (isComplete(this.#deployment, this.#deployment.status)) this.#forgetOldRevisions();
  }

  /** Beyond the limit the oldest replica sets go, as far as nothing of them is left. */
  #forgetOldRevisions(): void {
    const limit = this.#deployment.spec.revisionHistoryLimit;
    if (limit === undefined) return;
    const kept = this.#old.filter((replicaSet) => replicaSet.metadata.deletionTimestamp === undefined);
    const surplus = kept.length - limit;
    if (surplus <= 0) return;
    const oldest = [...kept].sort(byRevision).slice(0, surplus);
    for (const replicaSet of oldest) {
      const { status, metadata } = replicaSet;
      const settled = (metadata.generation ?? 0) <= (status?.observedGeneration ?? 0);
      const empty = (status?.replicas ?? 0) === 0 && replicasOf(replicaSet) === 0;
      if (settled && empty) this.#actions.push({ kind: "delete", replicaSet });
    }
  }

  #counted(): DeploymentStatus {
    return countedStatus(this.#deployment, this.#all, this.#newest, this.#conditions, this.#observed.nowMs);
  }

  #rollout(): DeploymentStatus {
    return rolloutStatus(this.#deployment, this.#all, this.#newest, this.#conditions, this.#observed.nowMs);
  }

  #finish(status: DeploymentStatus): DeploymentPlan {
    const { nowMs } = this.#observed;
    const deadline = isComplete(this.#deployment, status)
      ? undefined
      : deadlineInMs(this.#deployment, status.conditions ?? [], nowMs);
    const paused = this.#deployment.spec.paused === true;
    const againAfterMs = deadline === undefined || paused ? undefined : Math.max(0, deadline) + 1000;
    return { actions: this.#actions, status, revision: this.#revision, againAfterMs };
  }
}

function newReplicaSet(deployment: Deployment): ReplicaSet {
  const { template, minReadySeconds, selector } = deployment.spec;
  const hash = templateHash(template, deployment.status?.collisionCount);
  const labels = { ...template.metadata?.labels, [templateHashLabel]: hash };
  return {
    apiVersion: "apps/v1",
    kind: "ReplicaSet",
    metadata: {
      name: `${deployment.metadata.name}-${hash}`,
      namespace: deployment.metadata.namespace,
      labels,
      ownerReferences: [controllerReference(deployment)],
    },
    spec: {
      replicas: 0,
      minReadySeconds,
      selector: { ...selector, matchLabels: { ...selector.matchLabels, [templateHashLabel]: hash } },
      template: { ...template, metadata: { ...template.metadata, labels } },
    },
  };
}
