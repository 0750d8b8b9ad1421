import {
  controllerOf,
  isApiError,
  isReason,
  type KubeObject,
  keyString,
  type OwnerReference,
} from "../../api/meta/index.ts";
import type { Pod } from "../../api/types/index.ts";
import { resources, type StoreView } from "../../client/index.ts";
import type { ControllerContext } from "../context.ts";
import { KnownKinds, readScale } from "../scale-targets.ts";

type Scaled = KubeObject & { spec?: { replicas?: number } };

interface Scale {
  readonly uid: string;
  readonly replicas: number;
}

export interface ExpectedPods {
  /** What the controllers of these pods want in all, each counted once. */
  readonly count: number;
  /** Whether some pods have no controller: they do not count. */
  readonly hasUnmanaged: boolean;
}

/** Asks controllers of pods how many they want: known ones from the cache, any other by its scale. */
export class Controllers {
  readonly #context: ControllerContext;
  readonly #kinds: KnownKinds;
  readonly #stores: ReadonlyMap<string, StoreView<Scaled>>;
  /** Whose changes of scale change budgets. */
  readonly informers;

  constructor(context: ControllerContext) {
    const { informers } = context;
    this.#context = context;
    this.#kinds = new KnownKinds(context.discovery, context.host);
    const deployments = informers.informer(resources.deployments);
    const replicaSets = informers.informer(resources.replicasets);
    const statefulSets = informers.informer(resources.statefulsets);
    const replicationControllers = informers.informer(resources.replicationcontrollers);
    this.informers = [deployments, replicaSets, statefulSets, replicationControllers] as const;
    this.#stores = new Map<string, StoreView<Scaled>>([
      ["apps/Deployment", deployments.store],
      ["apps/ReplicaSet", replicaSets.store],
      ["apps/StatefulSet", statefulSets.store],
      ["/ReplicationController", replicationControllers.store],
    ]);
  }

  /** @throws Error in the original's words when a pod's controller does not tell. */
  async expectedOf(pods: readonly Pod[]): Promise<ExpectedPods> {
    const byController = new Map<string, Scale>();
    let hasUnmanaged = false;
    for (const pod of pods) {
      const owner = controllerOf(pod);
      if (owner === undefined) hasUnmanaged = true;
      if (owner === undefined || byController.has(owner.uid)) continue;
      const scale = await this.#scaleOf(owner, pod.metadata.namespace ?? "");
      if (scale === undefined) throw new Error(`found no controllers for pod "${pod.metadata.name}"`);
      byController.set(owner.uid, scale);
    }
    // Replica sets of one deployment are one controller.
    const scales = new Map([...byController.values()].map(({ uid, replicas }) => [uid, replicas]));
    const count = [...scales.values()].reduce((sum, replicas) => sum + replicas, 0);
    return { count, hasUnmanaged };
  }

  async #scaleOf(owner: OwnerReference, namespace: string): Promise<Scale | undefined> {
    const known = this.#knownScaleOf(owner, namespace);
    if (known !== undefined) return known;
    const candidates = await this.#kinds.resourcesOf(owner.apiVersion, owner.kind);
    try {
      const { scale } = await readScale(this.#context.client, candidates, namespace, owner.name);
      if (scale.metadata.uid !== owner.uid) return undefined;
      return { uid: owner.uid, replicas: scale.spec?.replicas ?? 0 };
    } catch (error) {
      if (!isApiError(error) || !isReason(error, "NotFound")) throw error;
      // Where the object is what is missing its name is told.
      if (error.status.details?.name === owner.name) return undefined;
      const [first] = candidates;
      const resource = first?.group ? `${first.resource}.${first.group}` : first?.resource;
      throw new Error(`${resource} does not implement the scale subresource`);
    }
  }

  #knownScaleOf(owner: OwnerReference, namespace: string): Scale | undefined {
    const object = this.#find(owner, namespace);
    if (object === undefined) return undefined;
    const above = owner.kind === "ReplicaSet" ? controllerOf(object) : undefined;
    if (above?.kind === "Deployment") return this.#knownScaleOf(above, namespace);
    return { uid: owner.uid, replicas: object.spec?.replicas ?? 1 };
  }

  #find({ apiVersion, kind, name, uid }: OwnerReference, namespace: string): Scaled | undefined {
    const group = apiVersion.includes("/") ? apiVersion.slice(0, apiVersion.indexOf("/")) : "";
    const object = this.#stores.get(`${group}/${kind}`)?.get(keyString({ namespace, name }));
    return object?.metadata.uid === uid ? object : undefined;
  }
}
