import { isReason, type KubeObject, type OwnerReference, parseApiVersion } from "../../api/meta/index.ts";
import {
  type Controller,
  type DiscoveredResource,
  done,
  type Informer,
  LruMap,
  type Outcome,
  resources,
  runController,
} from "../../client/index.ts";
import type { ControllerContext, RunningController } from "../context.ts";
import { objectKey } from "../owners.ts";
import {
  foregroundFinalizer,
  type GraphNode,
  isBeingDeleted,
  isDeletingDependents,
  isOrphaningDependents,
  OwnerGraph,
  orphanFinalizer,
  ownersOf,
  uidOf,
} from "./graph.ts";
import { type CollectPlan, type OwnerState, planCollection } from "./plan.ts";

const workersByDefault = 20;
const discoverAgainMs = 30_000;
const absentOwnersMax = 5_000;
const discoveryKey = "discovery";

/** Deletes what nobody owns any more, and holds back or orphans as the deletion of an owner asks. */
export function startGarbageCollector(context: ControllerContext): RunningController {
  return new GarbageCollector(context).start();
}

class GarbageCollector {
  readonly #context: ControllerContext;
  readonly #graph = new OwnerGraph();
  readonly #controller: Controller;
  readonly #discovering: Controller;
  readonly #monitors = new Map<string, { type: DiscoveredResource; informer: Informer<KubeObject> }>();
  /** Owners known to be gone: their dependents, often many, need not ask for each. A uid never comes back. */
  readonly #absent = new LruMap<string, true>(absentOwnersMax);
  /** As they were discovered last. */
  #types: readonly DiscoveredResource[] = [];
  readonly #monitoring = Promise.withResolvers<void>();

  constructor(context: ControllerContext) {
    this.#context = context;
    const { host } = context;
    this.#controller = runController({
      name: "garbage-collector-controller",
      host,
      workers: context.workers("garbage-collector-controller", workersByDefault),
      synced: [{ whenSynced: () => this.#monitoring.promise }],
      reconcile: ({ name }) => this.#collect(name),
    });
    this.#discovering = runController({
      name: "garbage-collector-discovery",
      host,
      workers: 1,
      backoff: () => discoverAgainMs,
      reconcile: (_, { signal }) => this.#discover(signal),
    });
  }

  start(): RunningController {
    const definitions = this.#context.informers.informer(resources.customresourcedefinitions);
    const rediscover = () => this.#discovering.queue.add(discoveryKey);
    definitions.addHandlers({ add: rediscover, update: rediscover, delete: rediscover });
    rediscover();
    return {
      stop: async () => {
        await Promise.all([this.#discovering.stop(), this.#controller.stop()]);
      },
    };
  }

  /** Watches every resource that can be deleted, and no others. */
  async #discover(stopping: AbortSignal): Promise<Outcome> {
    const { discovery, informers } = this.#context;
    this.#types = await discovery.resources();
    const wanted = new Map(this.#types.filter(isCollected).map((type) => [resourceId(type), type]));
    for (const [id, { informer }] of this.#monitors) {
      if (wanted.has(id)) continue;
      this.#monitors.delete(id);
      informers.release(informer);
      // No longer served does not mean deleted: dependents are left as they are.
      for (const object of informer.store.values()) this.#graph.remove(uidOf(object));
    }
    for (const [id, type] of wanted) {
      if (!this.#monitors.has(id)) this.#monitors.set(id, { type, informer: this.#monitor(type) });
    }
    const synced = Promise.all([...this.#monitors.values()].map(({ informer }) => informer.whenSynced()));
    // Informers that were stopped before their first list never sync.
    const stopped = new Promise((resolve) => stopping.addEventListener("abort", resolve, { once: true }));
    await Promise.race([synced, stopped]);
    if (!stopping.aborted) this.#monitoring.resolve();
    return done;
  }

  #monitor(type: DiscoveredResource): Informer<KubeObject> {
    const informer = this.#context.informers.informer<KubeObject>(type);
    const seen = (object: KubeObject) => this.#seen({ type, object });
    informer.addHandlers({ add: seen, update: (_, object) => seen(object), delete: (last) => this.#gone(last) });
    return informer;
  }

  #seen(node: GraphNode): void {
    const { object } = node;
    const before = this.#graph.put(node)?.object;
    const uid = uidOf(object);
    const owners = ownersOf(object);
    if (isDeletingDependents(object) || isOrphaningDependents(object)) {
      this.#enqueue(uid);
      if (before === undefined || !isDeletingDependents(before)) this.#enqueueDependents(uid);
    }
    const ownersChanged = before === undefined || before.metadata.ownerReferences !== object.metadata.ownerReferences;
    if (!ownersChanged) return;
    if (owners.some((owner) => !this.#isSolidInGraph(owner, object))) this.#enqueue(uid);
    // An owner that waits may have lost what held it back.
    for (const owner of before === undefined ? [] : ownersOf(before)) this.#enqueueIfWaiting(owner.uid);
  }

  #gone(object: KubeObject): void {
    const uid = uidOf(object);
    this.#graph.remove(uid);
    this.#absent.set(uid, true);
    this.#enqueueDependents(uid);
    for (const owner of ownersOf(object)) this.#enqueueIfWaiting(owner.uid);
  }

  #enqueue(uid: string): void {
    this.#controller.queue.add(uid);
  }

  #enqueueDependents(uid: string): void {
    for (const { object } of this.#graph.dependentsOf(uid)) this.#enqueue(uidOf(object));
  }

  #enqueueIfWaiting(uid: string): void {
    const owner = this.#graph.get(uid);
    if (owner !== undefined && isDeletingDependents(owner.object)) this.#enqueue(uid);
  }

  #isSolidInGraph(reference: OwnerReference, dependent: KubeObject): boolean {
    const owner = this.#graph.get(reference.uid);
    return owner !== undefined && inReach(owner, dependent) && !isDeletingDependents(owner.object);
  }

  async #collect(uid: string): Promise<Outcome> {
    const node = this.#graph.get(uid);
    if (node === undefined) return done;
    const { object } = node;
    const owners = isBeingDeleted(object)
      ? []
      : await Promise.all(
          ownersOf(object).map(async (reference) => ({ reference, state: await this.#ownerState(reference, node) })),
        );
    const plan = planCollection({
      object,
      owners,
      blockingDependents: this.#graph.blockingDependentsOf(uid).length,
      dependents: this.#graph.dependentsOf(uid).map((dependent) => dependent.object),
    });
    try {
      await this.#carryOut(node, plan);
    } catch (error) {
      // Gone already: its last event is on its way.
      if (!isReason(error, "NotFound")) throw error;
    }
    return done;
  }

  async #carryOut(node: GraphNode, plan: CollectPlan): Promise<void> {
    const uid = uidOf(node.object);
    switch (plan.kind) {
      case "none":
        return;
      case "delete":
        if (plan.unblockOwners) return this.#unblockOwnersAndDelete(node, plan.propagation);
        return this.#delete(node, plan.propagation);
      case "dropOwners": {
        const dropped = new Set(plan.owners.map((owner) => owner.uid));
        const ownerReferences = ownersOf(node.object).filter((owner) => !dropped.has(owner.uid));
        return this.#patch(node, { ownerReferences: ownerReferences.length > 0 ? ownerReferences : null });
      }
      case "deleteDependents":
        for (const { object } of this.#graph.blockingDependentsOf(uid)) {
          if (!isDeletingDependents(object)) this.#enqueue(uidOf(object));
        }
        return;
      case "finishForeground":
        return this.#patch(node, { finalizers: without(node.object, foregroundFinalizer) });
      case "orphanDependents":
        await Promise.all(this.#graph.dependentsOf(uid).map((dependent) => this.#orphan(dependent, uid)));
        return this.#patch(node, { finalizers: without(node.object, orphanFinalizer) });
      default:
        plan satisfies never;
    }
  }

  async #orphan(dependent: GraphNode, ownerUid: string): Promise<void> {
    const ownerReferences = ownersOf(dependent.object).filter((owner) => owner.uid !== ownerUid);
    try {
      await this.#patch(dependent, { ownerReferences: ownerReferences.length > 0 ? ownerReferences : null });
    } catch (error) {
      if (!isReason(error, "NotFound")) throw error;
    }
  }

  async #unblockOwnersAndDelete(node: GraphNode, propagation: string): Promise<void> {
    const { type, object } = node;
    const ownerReferences = ownersOf(object).map((owner) => ({ ...owner, blockOwnerDeletion: false }));
    const patch = { metadata: { resourceVersion: object.metadata.resourceVersion, ownerReferences } };
    const unblocked = await this.#context.client.resource<KubeObject>(type).patch(objectKey(object), "merge", patch);
    await this.#delete({ type, object: unblocked }, propagation);
  }

  /** Refused with a conflict when the object is no longer the one that was judged. */
  async #delete({ type, object }: GraphNode, propagationPolicy: string): Promise<void> {
    const { uid, resourceVersion } = object.metadata;
    const preconditions = { uid, resourceVersion };
    await this.#context.client
      .resource<KubeObject>(type)
      .delete(objectKey(object), { propagationPolicy, preconditions });
  }

  async #patch({ type, object }: GraphNode, metadata: object): Promise<void> {
    const patch = { metadata: { ...metadata, uid: uidOf(object), resourceVersion: object.metadata.resourceVersion } };
    await this.#context.client.resource<KubeObject>(type).patch(objectKey(object), "merge", patch);
  }

  async #ownerState(reference: OwnerReference, dependent: GraphNode): Promise<OwnerState> {
    const known = this.#graph.get(reference.uid);
    if (known !== undefined) {
      if (inReach(known, dependent.object)) return stateOf(known.object);
      this.#tellUnreachable(reference, dependent);
      return "absent";
    }
    if (this.#absent.get(reference.uid)) return "absent";
    const type = await this.#typeOf(reference);
    // A kind that nobody serves (any more): nothing can be told of its objects, so nothing is deleted for them.
    if (type === undefined)
      throw new Error(`no resource is served for owner ${reference.apiVersion} ${reference.kind}`);
    const { namespace } = dependent.object.metadata;
    if (type.namespaced && namespace === undefined) return "solid";
    const key = type.namespaced ? { namespace, name: reference.name } : { name: reference.name };
    const live = await this.#context.client.resource<KubeObject>(type).find(key);
    if (live === undefined || live.metadata.uid !== reference.uid) {
      this.#absent.set(reference.uid, true);
      return "absent";
    }
    return stateOf(live);
  }

  async #typeOf({ apiVersion, kind }: OwnerReference): Promise<DiscoveredResource | undefined> {
    const { group } = parseApiVersion(apiVersion);
    const isIt = (type: DiscoveredResource) => type.group === group && type.kind === kind && type.verbs.includes("get");
    return this.#types.find(isIt) ?? (await this.#context.discovery.resources()).find(isIt);
  }

  #tellUnreachable(reference: OwnerReference, { object }: GraphNode): void {
    const { apiVersion, kind, name, uid } = reference;
    const owner = `${apiVersion}/${kind}, namespace: ${object.metadata.namespace}, name: ${name}, uid: ${uid}`;
    const message = `ownerRef [${owner}] does not exist in namespace "${object.metadata.namespace}"`;
    this.#context
      .recorder("garbage-collector-controller")
      .event(object, "Warning", "OwnerRefInvalidNamespace", message);
  }
}

function stateOf(owner: KubeObject): OwnerState {
  return isDeletingDependents(owner) ? "waiting" : "solid";
}

/** Owners are cluster-scoped or of the same namespace. */
function inReach(owner: GraphNode, dependent: KubeObject): boolean {
  return !owner.type.namespaced || owner.object.metadata.namespace === dependent.metadata.namespace;
}

function without(object: KubeObject, finalizer: string): string[] {
  return (object.metadata.finalizers ?? []).filter((known) => known !== finalizer);
}

function resourceId({ group, version, resource }: DiscoveredResource): string {
  return `${group}/${version}/${resource}`;
}

function isCollected({ resource, verbs }: DiscoveredResource): boolean {
  return resource !== "events" && ["delete", "list", "watch"].every((verb) => verbs.includes(verb));
}
