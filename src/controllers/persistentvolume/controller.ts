import { formatTime, isReason, keyOf, keyString, type ObjectKey, parseTime } from "../../api/meta/index.ts";
import type { PersistentVolume, PersistentVolumeClaim, StorageClass } from "../../api/types/index.ts";
import {
  annotated,
  annotationsOfBinding,
  claimClass,
  claimedVolumes,
  findVolume,
  isDelayed,
  isFullyBound,
  volumeBoundTo,
  volumeClass,
} from "../../api/volumes/index.ts";
import { again, done, type EventRecorder, type Outcome, resources, runController } from "../../client/index.ts";
import type { ControllerContext, StartController } from "../context.ts";
import { hasEnded } from "../pods/index.ts";
import { claimBoundTo, claimStatus, releasedVolume } from "./binding.ts";
import { type ClaimPlan, planClaim } from "./plan-claim.ts";
import { planVolume, type VolumePlan } from "./plan-volume.ts";

/** As often the original looks at claims that wait, and says why they do. */
const waitingClaimsMs = 15_000;
const defaultClassMark = "storageclass.kubernetes.io/is-default-class";

export const startPersistentVolumeController: StartController = (context) => {
  const { host } = context;
  const views = viewsOf(context);
  const work = new Binder(context, views, context.recorder("persistentvolume-controller"));
  const { claims, volumes, classes, pods } = views;
  const controller = runController({
    name: "persistentvolume-binder-controller",
    host,
    synced: [claims, volumes, classes, pods],
    reconcile: (key) => (key.namespace ? work.claim(key) : work.volume(key)),
  });
  work.claimNext = (key) => controller.queue.add(key);

  const volumesOf = (claim: PersistentVolumeClaim): void => {
    if (claim.spec.volumeName) controller.queue.add(claim.spec.volumeName);
    for (const volume of volumes.store.byIndex(byClaim, keyString(keyOf(claim)))) controller.enqueue(volume);
  };
  const claimSeen = (claim: PersistentVolumeClaim): void => {
    controller.enqueue(claim);
    volumesOf(claim);
  };
  claims.addHandlers({ add: claimSeen, update: (_, claim) => claimSeen(claim), delete: volumesOf });
  const unbound = (className: string): void => {
    for (const claim of claims.store.byIndex(unboundByClass, className)) controller.enqueue(claim);
  };
  const claimsOf = (volume: PersistentVolume): void => {
    const { claimRef } = volume.spec;
    if (claimRef?.name) controller.queue.add(keyString({ namespace: claimRef.namespace, name: claimRef.name }));
    for (const claim of claims.store.byIndex(byVolume, volume.metadata.name ?? "")) controller.enqueue(claim);
    if (isFree(volume)) unbound(volumeClass(volume));
  };
  const volumeSeen = (volume: PersistentVolume): void => {
    controller.enqueue(volume);
    claimsOf(volume);
  };
  volumes.addHandlers({ add: volumeSeen, update: (_, volume) => volumeSeen(volume), delete: claimsOf });
  const classSeen = ({ metadata }: StorageClass): void => {
    unbound(metadata.name ?? "");
    if (metadata.annotations?.[defaultClassMark] === "true") unbound("");
  };
  classes.addHandlers({ add: classSeen, update: (_, storageClass) => classSeen(storageClass) });
  return controller;
};

const byClaim = "claim";
const byVolume = "volume";
const freeByClass = "free";
const unboundByClass = "unbound";
const waitingByClaim = "waiting by claim";

function isFree({ spec, status }: PersistentVolume): boolean {
  return spec.claimRef === undefined && status?.phase === "Available";
}

function viewsOf({ informers }: ControllerContext) {
  return {
    claims: informers.informer(resources.persistentvolumeclaims, {
      indexers: {
        [byVolume]: ({ spec }) => (spec.volumeName ? [spec.volumeName] : []),
        [unboundByClass]: (claim) => (isFullyBound(claim) ? [] : [claimClass(claim)]),
      },
    }),
    volumes: informers.informer(resources.persistentvolumes, {
      indexers: {
        [byClaim]: ({ spec: { claimRef } }) =>
          claimRef?.name ? [keyString({ namespace: claimRef.namespace, name: claimRef.name })] : [],
        [freeByClass]: (volume) => (isFree(volume) ? [volumeClass(volume)] : []),
      },
    }),
    classes: informers.informer(resources.storageclasses),
    pods: informers.informer(resources.pods, {
      indexers: {
        [waitingByClaim]: (pod) => {
          if (pod.spec.nodeName || hasEnded(pod)) return [];
          const { namespace } = pod.metadata;
          return claimedVolumes(pod).map(({ claimName }) => keyString({ namespace, name: claimName }));
        },
      },
    }),
  };
}

/** Does what the plans say. */
class Binder {
  claimNext: (key: string) => void = () => {};
  readonly #client: ControllerContext["client"];
  readonly #clock: ControllerContext["host"]["clock"];
  readonly #views: ReturnType<typeof viewsOf>;
  readonly #events: EventRecorder;
  /** The version of a volume that was just changed, by name: whoever still sees that version sees too little. */
  readonly #overwritten = new Map<string, string | undefined>();

  constructor({ client, host }: ControllerContext, views: ReturnType<typeof viewsOf>, events: EventRecorder) {
    this.#client = client;
    this.#clock = host.clock;
    this.#views = views;
    this.#events = events;
  }

  async claim(key: ObjectKey): Promise<Outcome> {
    const claim = this.#views.claims.store.get(keyString(key));
    if (claim === undefined) return done;
    return this.#actOnClaim(claim, this.#planClaim(claim));
  }

  #planClaim(claim: PersistentVolumeClaim): ClaimPlan {
    const { volumes, classes, pods } = this.#views;
    const key = keyString(keyOf(claim));
    const className = claimClass(claim);
    const storageClass = classes.store.get(className);
    const candidates = [...volumes.store.byIndex(byClaim, key), ...volumes.store.byIndex(freeByClass, className)];
    const isTaken = ({ metadata }: PersistentVolume) =>
      this.#overwritten.get(metadata.name ?? "") === metadata.resourceVersion;
    return planClaim({
      claim,
      named: claim.spec.volumeName ? volumes.store.get(claim.spec.volumeName) : undefined,
      match: claim.spec.volumeName
        ? undefined
        : findVolume(claim, candidates, { boundOnly: isDelayed(storageClass), isTaken }),
      storageClass,
      defaultClass: className === "" ? defaultClassOf(classes.store.values()) : undefined,
      waitingPods: pods.store.byIndex(waitingByClaim, key).map(({ metadata }) => metadata.name ?? ""),
    });
  }

  async #actOnClaim(claim: PersistentVolumeClaim, plan: ClaimPlan): Promise<Outcome> {
    const writer = this.#client.resource(resources.persistentvolumeclaims);
    switch (plan.kind) {
      case "bind":
        await this.#bind(claim, plan.volume);
        return done;
      case "takeDefaultClass":
        await writer.update({ ...claim, spec: { ...claim.spec, storageClassName: plan.name } });
        return done;
      case "lose": {
        if (claim.status?.phase === "Lost") return done;
        await this.#setClaimStatus(claim, "Lost");
        this.#say(claim, plan.event);
        return done;
      }
      case "wait": {
        const { provisioner, event } = plan;
        const { provisioner: name, provisionerBeta } = annotationsOfBinding;
        const asked =
          provisioner === undefined ? claim : annotated(claim, { [name]: provisioner, [provisionerBeta]: provisioner });
        const current = asked === claim ? claim : await writer.update(asked);
        await this.#setClaimStatus(current, "Pending");
        if (event !== undefined) this.#say(current, event);
        return again(waitingClaimsMs);
      }
      default:
        return plan satisfies never;
    }
  }

  /** In four writes, each of which finds what the ones before it did: a crash in between loses nothing. */
  async #bind(claim: PersistentVolumeClaim, volume: PersistentVolume): Promise<void> {
    const name = volume.metadata.name ?? "";
    const wanted = volumeBoundTo(volume, claim);
    let held = volume;
    if (wanted !== volume) {
      const { resourceVersion } = volume.metadata;
      this.#overwritten.set(name, resourceVersion);
      try {
        held = await this.#client.resource(resources.persistentvolumes).update(wanted);
      } catch (error) {
        this.#overwritten.delete(name);
        throw error;
      }
    }
    await this.#setVolumePhase(held, { phase: "Bound" });
    const named = claimBoundTo(claim, name);
    const bound = named === claim ? claim : await this.#client.resource(resources.persistentvolumeclaims).update(named);
    await this.#setClaimStatus(bound, "Bound", held);
  }

  async volume({ name }: ObjectKey): Promise<Outcome> {
    const volume = this.#views.volumes.store.get(name);
    if (volume === undefined) {
      this.#overwritten.delete(name);
      return done;
    }
    if (this.#overwritten.get(name) !== volume.metadata.resourceVersion) this.#overwritten.delete(name);
    await this.#actOnVolume(volume, planVolume(volume, await this.#claimOf(volume)));
    return done;
  }

  /** The view of claims may lag behind that of volumes: what it lacks is asked for before a volume is given up. */
  async #claimOf({ spec: { claimRef }, status }: PersistentVolume): Promise<PersistentVolumeClaim | undefined> {
    if (!claimRef?.uid || !claimRef.name) return undefined;
    const key = { namespace: claimRef.namespace, name: claimRef.name };
    const seen = this.#views.claims.store.get(keyString(key));
    if (seen?.metadata.uid === claimRef.uid) return seen;
    if (status?.phase === "Released" || status?.phase === "Failed") return undefined;
    const found = await this.#client.resource(resources.persistentvolumeclaims).find(key);
    return found?.metadata.uid === claimRef.uid ? found : undefined;
  }

  async #actOnVolume(volume: PersistentVolume, plan: VolumePlan): Promise<void> {
    if (plan.release) {
      const released = await this.#client.resource(resources.persistentvolumes).update(releasedVolume(volume));
      await this.#setVolumePhase(released, { phase: "Available" });
      return;
    }
    const isNew = plan.phase !== undefined && plan.phase !== volume.status?.phase;
    await this.#setVolumePhase(volume, plan);
    if (plan.event !== undefined && (isNew || plan.phase === undefined)) this.#say(volume, plan.event);
    const { claimRef } = volume.spec;
    if (plan.claimNext && claimRef?.name) {
      this.claimNext(keyString({ namespace: claimRef.namespace, name: claimRef.name }));
    }
  }

  async #setVolumePhase(volume: PersistentVolume, { phase, message }: Pick<VolumePlan, "phase" | "message">) {
    // What others say of a volume that stays in its phase is theirs.
    if (phase === undefined || volume.status?.phase === phase) return;
    const lastPhaseTransitionTime = formatTime(this.#clock.now());
    const { message: _, ...others } = volume.status ?? {};
    const status = { ...others, phase, lastPhaseTransitionTime, ...(message !== undefined && { message }) };
    await this.#client
      .resource(resources.persistentvolumes)
      .updateStatus({ ...volume, status })
      .catch(ignoreNotFound);
  }

  async #setClaimStatus(
    claim: PersistentVolumeClaim,
    phase: "Pending" | "Bound" | "Lost",
    volume?: PersistentVolume,
  ): Promise<void> {
    const status = claimStatus(claim, phase, volume);
    if (status === undefined) return;
    await this.#client
      .resource(resources.persistentvolumeclaims)
      .updateStatus({ ...claim, status })
      .catch(ignoreNotFound);
  }

  #say(about: PersistentVolume | PersistentVolumeClaim, event: NonNullable<VolumePlan["event"]>): void {
    this.#events.event(about, event.type, event.reason, event.message);
  }
}

/** Of several the newest, then the first by name. */
function defaultClassOf(classes: Iterable<StorageClass>): string | undefined {
  const created = ({ metadata }: StorageClass) => parseTime(metadata.creationTimestamp ?? "1970-01-01T00:00:00Z");
  let newest: StorageClass | undefined;
  for (const candidate of classes) {
    if (candidate.metadata.annotations?.[defaultClassMark] !== "true") continue;
    const age = newest === undefined ? 1 : created(candidate) - created(newest);
    const isFirst = (candidate.metadata.name ?? "") < (newest?.metadata.name ?? "");
    if (age > 0 || (age === 0 && isFirst)) newest = candidate;
  }
  return newest?.metadata.name;
}

function ignoreNotFound(error: unknown): void {
  if (!isReason(error, "NotFound")) throw error;
}
