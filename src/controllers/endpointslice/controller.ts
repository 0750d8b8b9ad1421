import { formatTime, isReason, keyString } from "../../api/meta/index.ts";
import type { EndpointSlice, Service } from "../../api/types/index.ts";
import { done, type Outcome, resources, runController } from "../../client/index.ts";
import type { ControllerContext, RunningController } from "../context.ts";
import { objectKey } from "../owners.ts";
import { isNamespaceTerminating } from "../pods/index.ts";
import { isManualService, podSelection, watchPods, zoneOf } from "../services/index.ts";
import { controllerName, endpointGroups, managedByLabel, serviceNameLabel } from "./desired.ts";
import { planSlices } from "./plan.ts";

const byService = "service";

/** Lists the pods behind every service in slices of at most 100 endpoints. */
export function startEndpointSliceController(context: ControllerContext): RunningController {
  const { client, host, informers } = context;
  const selection = podSelection(informers);
  const nodes = informers.informer(resources.nodes);
  const slices = informers.informer(resources.endpointslices, { indexers: { [byService]: serviceOf } });
  const writer = client.resource(resources.endpointslices);
  const controller = runController({
    name: "endpointslice-controller",
    host,
    synced: [selection.services, selection.pods, nodes, slices],
    reconcile: async (key) => reconcile(keyString(key)),
  });

  async function reconcile(key: string): Promise<Outcome> {
    const service = selection.services.store.get(key);
    const present = slices.store
      .byIndex(byService, key)
      .filter((slice) => slice.metadata.deletionTimestamp === undefined);
    // Slices of a deleted service go with it by their owner reference.
    if (service === undefined || service.metadata.deletionTimestamp !== undefined) return done;
    if (isManualService(service)) return removeAll(present);
    await write(service, present);
    return done;
  }

  async function write(service: Service, present: readonly EndpointSlice[]): Promise<void> {
    const groups = endpointGroups(service, selection.podsOf(service), (name) => nodes.store.get(name));
    const plan = planSlices(service, present, groups, formatTime(host.clock.now()));
    for (const slice of plan.update) await writer.update(slice);
    for (const draft of plan.create) {
      await writer.create(draft).catch((error) => {
        if (!isNamespaceTerminating(error)) throw error;
      });
    }
    await removeAll(plan.remove);
  }

  async function removeAll(surplus: readonly EndpointSlice[]): Promise<Outcome> {
    for (const slice of surplus) {
      await writer.delete(objectKey(slice)).catch((error) => {
        if (!isReason(error, "NotFound")) throw error;
      });
    }
    return done;
  }

  watchPods(selection, controller);
  const enqueueService = (slice: EndpointSlice): void => {
    for (const key of serviceOf(slice)) controller.queue.add(key);
  };
  slices.addHandlers({
    add: enqueueService,
    update: (old, slice) => {
      // A slice that was given to another service is missed by the one it came from.
      if (old.metadata.labels !== slice.metadata.labels) enqueueService(old);
      enqueueService(slice);
    },
    delete: enqueueService,
  });
  nodes.addHandlers({
    update: (old, node) => {
      if (zoneOf(old) === zoneOf(node)) return;
      for (const service of selection.services.store.values()) controller.enqueue(service);
    },
  });
  return controller;
}

function serviceOf(slice: EndpointSlice): string[] {
  const { labels, namespace } = slice.metadata;
  const name = labels?.[serviceNameLabel];
  if (name === undefined || labels?.[managedByLabel] !== controllerName) return [];
  return [keyString({ namespace, name })];
}
