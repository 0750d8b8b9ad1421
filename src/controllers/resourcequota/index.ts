/** Keeps the status of resource quotas in step with what a namespace really uses. */
import { groupResourceString, isReason, type KubeObject, keyString, semanticEqual } from "../../api/meta/index.ts";
import { countedResource } from "../../api/quota/index.ts";
import {
  again,
  type DiscoveredResource,
  done,
  type Informer,
  type Outcome,
  resources,
  runController,
} from "../../client/index.ts";
import type { StartController } from "../context.ts";
import { byNamespace, indexByNamespace } from "../owners.ts";
import { totalUsage } from "./usage.ts";

/** Changes of a short while are taken together. */
const recountAfterMs = 200;
const recountAllMs = 300_000;

export const startResourceQuotaController: StartController = ({ client, discovery, host, informers, workers }) => {
  const quotas = informers.informer(resources.resourcequotas, { indexers: { [byNamespace]: indexByNamespace } });
  const counted = new Map<string, Informer<KubeObject>>();
  const controller = runController({
    name: "resourcequota-controller",
    host,
    workers: workers("resourcequota-controller", 5),
    synced: [quotas],
    reconcile: (key) => reconcile(keyString(key), key.namespace ?? ""),
  });

  async function reconcile(key: string, namespace: string): Promise<Outcome> {
    const quota = quotas.store.get(key);
    if (quota === undefined || quota.metadata.deletionTimestamp !== undefined) return done;
    const hard = quota.spec?.hard ?? {};
    for (const entry of Object.keys(hard)) await follow(countedResource(entry));
    const objectsOf = (resource: string) => counted.get(resource)?.store.byIndex(byNamespace, namespace) ?? [];
    const status = { hard, used: totalUsage(quota, objectsOf, host.clock.now()) };
    if (semanticEqual(quota.status, status)) return again(recountAllMs);
    try {
      await client.resource(resources.resourcequotas).updateStatus({ ...quota, status });
    } catch (error) {
      // Somebody is being charged at this moment: what was counted is out of date.
      if (isReason(error, "Conflict")) return again(recountAfterMs);
      throw error;
    }
    return again(recountAllMs);
  }

  /** Informers of what quotas count, started with the first quota that does. */
  async function follow(resource: string | undefined): Promise<void> {
    if (resource === undefined || counted.has(resource)) return;
    const type = (await discovery.resources()).find(
      (found) => groupResourceString(asGroupResource(found)) === resource,
    );
    if (type === undefined || !type.namespaced || !type.verbs.includes("watch")) return;
    const informer = informers.informer<KubeObject>(type, { indexers: { [byNamespace]: indexByNamespace } });
    await informer.whenSynced();
    if (counted.has(resource)) return;
    counted.set(resource, informer);
    const recount = ({ metadata }: KubeObject): void => {
      for (const quota of quotas.store.byIndex(byNamespace, metadata.namespace ?? "")) {
        controller.queue.addAfter(
          keyString({ namespace: metadata.namespace, name: quota.metadata.name ?? "" }),
          recountAfterMs,
        );
      }
    };
    informer.addHandlers({
      add: recount,
      update: (old, object) => {
        if (phaseOf(old) !== phaseOf(object) || specOf(old) !== specOf(object)) recount(object);
      },
      delete: recount,
    });
  }

  quotas.addHandlers({
    add: (quota) => controller.enqueue(quota),
    update: (old, quota) => {
      if (!semanticEqual(old.spec, quota.spec) || !semanticEqual(quota.spec?.hard, quota.status?.hard))
        controller.enqueue(quota);
    },
  });
  return controller;
};

function asGroupResource({ group, resource }: DiscoveredResource) {
  return { group, resource };
}

function phaseOf(object: KubeObject & { status?: { phase?: string } }): string | undefined {
  return object.status?.phase;
}

function specOf(object: KubeObject & { spec?: unknown }): unknown {
  return object.spec;
}
