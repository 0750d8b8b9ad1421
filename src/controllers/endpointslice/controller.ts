import { formatTime, keyString } from "../../api/meta/index.ts";
import type { EndpointSlice, Service } from "../../api/types/index.ts";
import { done, type Outcome, resources, runController } from "../../client/index.ts";
import type { ControllerContext, RunningController } from "../context.ts";
import { isManualService, podSelection, triggerTimeAnnotation, watchPods, zoneOf } from "../services/index.ts";
import { controllerName, endpointGroups, managedByLabel, serviceNameLabel, sliceLabels } from "./desired.ts";
import { planSlices } from "./plan.ts";
import { writeSlices } from "./write.ts";

const byService = "service";

/** Lists the pods behind every service in slices of at most 100 endpoints. */
export function startEndpointSliceController(context: ControllerContext): RunningController {
  const { client, host, informers } = context;
  const selection = podSelection(informers);
  const nodes = informers.informer(resources.nodes);
  const slices = informers.informer(resources.endpointslices, { indexers: { [byService]: serviceOf } });
  const controller = runController({
    name: "endpointslice-controller",
    host,
    workers: context.workers("endpointslice-controller", 5),
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
    if (isManualService(service)) await writeSlices(client, { create: [], update: [], remove: present });
    else await write(service, present);
    return done;
  }

  async function write(service: Service, present: readonly EndpointSlice[]): Promise<void> {
    const groups = endpointGroups(service, selection.podsOf(service), (name) => nodes.store.get(name));
    const now = formatTime(host.clock.now());
    const annotations = (slice: EndpointSlice | undefined) => ({
      ...slice?.metadata.annotations,
      [triggerTimeAnnotation]: now,
    });
    const source = { owner: service, labels: sliceLabels(service), annotations };
    await writeSlices(client, planSlices(source, present, groups));
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
