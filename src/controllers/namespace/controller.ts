import { isReason, type KubeObject, semanticEqual } from "../../api/meta/index.ts";
import type { Namespace } from "../../api/types/index.ts";
import { again, type DiscoveredResource, done, type Outcome, resources, runController } from "../../client/index.ts";
import type { ControllerContext, RunningController } from "../context.ts";
import { messageOf } from "../pods/index.ts";
import { deletionConditions, type Remainder } from "./plan.ts";

const kubernetesFinalizer = "kubernetes";
/** How soon to look again at what is on its way out. */
const lookAgainMs = 500;

/** Empties namespaces that are being deleted, and lets them go when nothing is left. */
export function startNamespaceController(context: ControllerContext): RunningController {
  const { client, discovery, host, informers } = context;
  const namespaces = informers.informer(resources.namespaces);
  const controller = runController({
    name: "namespace-controller",
    host,
    workers: context.workers("namespace-controller", 10),
    synced: [namespaces],
    reconcile: async ({ name }) => reconcile(name),
  });

  async function reconcile(name: string): Promise<Outcome> {
    const namespace = namespaces.store.get(name);
    if (namespace?.metadata.deletionTimestamp === undefined) return done;
    if (!(namespace.spec?.finalizers ?? []).includes(kubernetesFinalizer)) return done;
    let discoveryError: string | undefined;
    const remainders: Remainder[] = [];
    try {
      // Pods go first: while one is left, nothing goes that it may need (a network policy, a secret).
      const { podsFirst, others, unreadable } = await deletable();
      for (const resource of podsFirst) remainders.push(await empty(name, resource));
      if (!remainders.some(isLeft)) for (const resource of others) remainders.push(await empty(name, resource));
      if (unreadable.length > 0) discoveryError = discoveryFailure(unreadable);
    } catch (error) {
      discoveryError = `Discovery failed for some groups, 1 failing: ${messageOf(error)}`;
    }
    const left = remainders.some(isLeft);
    await tell(namespace, remainders, discoveryError);
    if (discoveryError !== undefined || left) return again(lookAgainMs);
    await finalize(namespace);
    return done;
  }

  async function deletable(): Promise<Deletable> {
    const { resources: found, unreadable } = await discovery.all();
    const emptiable = found.filter(
      ({ group, version, namespaced, verbs, resource }) =>
        namespaced &&
        verbs.includes("delete") &&
        verbs.includes("list") &&
        resource !== "events" &&
        !unreadable.includes(`${group}/${version}`),
    );
    // Events go last, so that what is told of the deletion goes too; events.k8s.io shows the same objects.
    const events = found.filter(({ group, resource }) => group === "" && resource === "events");
    const isPods = ({ group, resource }: DiscoveredResource) => group === "" && resource === "pods";
    const others = [...emptiable.filter((type) => !isPods(type)), ...events];
    return { podsFirst: emptiable.filter(isPods), others, unreadable };
  }

  async function empty(namespace: string, type: DiscoveredResource): Promise<Remainder> {
    const resource = client.resource<KubeObject>(type);
    const none = { group: type.group, resource: type.resource, count: 0, finalizers: {} };
    try {
      const before = await resource.list({ namespace });
      if (before.items.length === 0) return none;
      if (type.verbs.includes("deletecollection"))
        await resource.deleteCollection({ namespace, propagationPolicy: "Background" });
      else for (const { metadata } of before.items) await deleteOne(type, namespace, metadata.name ?? "");
      const after = await resource.list({ namespace });
      return { ...none, count: after.items.length, finalizers: finalizersOf(after.items) };
    } catch (error) {
      if (isReason(error, "NotFound") || isReason(error, "MethodNotAllowed")) return none;
      return { ...none, error: messageOf(error) };
    }
  }

  async function deleteOne(type: DiscoveredResource, namespace: string, name: string): Promise<void> {
    try {
      await client.resource(type).delete({ namespace, name }, { propagationPolicy: "Background" });
    } catch (error) {
      if (!isReason(error, "NotFound")) throw error;
    }
  }

  async function tell(namespace: Namespace, remainders: readonly Remainder[], discoveryError?: string): Promise<void> {
    const conditions = deletionConditions(namespace, remainders, discoveryError, host.clock.now());
    const status = { ...namespace.status, phase: "Terminating", conditions };
    if (semanticEqual(namespace.status, status)) return;
    await client
      .resource(resources.namespaces)
      .updateStatus({ ...namespace, status })
      .catch(ignoreLater);
  }

  async function finalize(namespace: Namespace): Promise<void> {
    const name = namespace.metadata.name ?? "";
    const fresh = await client.resource(resources.namespaces).find({ name });
    if (fresh === undefined || fresh.metadata.uid !== namespace.metadata.uid) return;
    const finalizers = (fresh.spec?.finalizers ?? []).filter((finalizer) => finalizer !== kubernetesFinalizer);
    const finalized = { ...fresh, spec: { ...fresh.spec, finalizers } };
    await client
      .resource(resources.namespaces)
      .subresource("finalize")
      .update({ name }, finalized)
      .catch(ignoreNotFound);
  }

  namespaces.addHandlers({
    add: (namespace) => controller.enqueue(namespace),
    update: (old, namespace) => {
      // Its own status writes are no reason to look at once: it looks again by the clock.
      const newlyDeleted = old.metadata.deletionTimestamp !== namespace.metadata.deletionTimestamp;
      if (newlyDeleted || !semanticEqual(old.spec, namespace.spec)) controller.enqueue(namespace);
    },
  });
  return controller;
}

function isLeft({ count, error }: Remainder): boolean {
  return count > 0 || error !== undefined;
}

function finalizersOf(objects: readonly KubeObject[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { metadata } of objects)
    for (const name of metadata.finalizers ?? []) counts[name] = (counts[name] ?? 0) + 1;
  return counts;
}

/** The namespace changed or went meanwhile: the next turn sees it as it is then. */
function ignoreLater(error: unknown): void {
  if (!isReason(error, "Conflict") && !isReason(error, "NotFound")) throw error;
}

function ignoreNotFound(error: unknown): void {
  if (!isReason(error, "NotFound")) throw error;
}

interface Deletable {
  readonly podsFirst: readonly DiscoveredResource[];
  readonly others: readonly DiscoveredResource[];
  /** Group versions of which nobody knows what they have in the namespace. */
  readonly unreadable: readonly string[];
}

function discoveryFailure(unreadable: readonly string[]): string {
  const each = unreadable.map((groupVersion) => `${groupVersion}: stale GroupVersion discovery: ${groupVersion}`);
  const all = `unable to retrieve the complete list of server APIs: ${each.join(", ")}`;
  return `Discovery failed for some groups, ${unreadable.length} failing: ${all}`;
}
