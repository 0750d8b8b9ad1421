import { keyOf, keyString } from "../../api/meta/index.ts";
import type { EndpointSlice, Service } from "../../api/types/index.ts";
import { again, done, type Outcome, resources, runController } from "../../client/index.ts";
import type { ControllerContext, RunningController } from "../context.ts";
import {
  type AddressFamily,
  isManualService,
  podSelection,
  TriggerTimes,
  triggerTimeAnnotation,
  watchPods,
  zoneOf,
} from "../services/index.ts";
import {
  controllerName,
  type EndpointGroup,
  endpointGroups,
  managedByLabel,
  serviceNameLabel,
  sliceLabels,
  wantsZoneHints,
} from "./desired.ts";
import { OwnSlices } from "./own-slices.ts";
import { planSlices, type SlicePlan, type SliceSource } from "./plan.ts";
import { isNodeReady, TopologyHints, withPresentHints, zoneShares } from "./topology.ts";
import { writeSlices } from "./write.ts";

const byService = "service";
/** What the view lacks brings a turn of its own; this is for what never comes. */
const behindMs = 1000;

/** Lists the pods behind every service in slices of at most 100 endpoints. */
export function startEndpointSliceController(context: ControllerContext): RunningController {
  const { client, host, informers } = context;
  const events = context.recorder("endpoint-slice-controller");
  const topology = new TopologyHints();
  const triggers = new TriggerTimes();
  const own = new OwnSlices(host.clock);
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
    const seen = slices.store.byIndex(byService, key);
    const present = seen.filter((slice) => slice.metadata.deletionTimestamp === undefined);
    // Slices of a deleted service go with it by their owner reference.
    if (service === undefined || service.metadata.deletionTimestamp !== undefined) {
      topology.forget(key);
      triggers.forget(key);
      return done;
    }
    if (own.isBehind(key, seen)) return again(behindMs);
    if (isManualService(service)) await writeSlices(writing(key), { create: [], update: [], remove: present });
    else await write(service, present);
    return done;
  }

  const writing = (service: string) => ({ client, service, own });

  async function write(service: Service, present: readonly EndpointSlice[]): Promise<void> {
    const pods = selection.podsOf(service);
    const groups = endpointGroups(service, pods, (name) => nodes.store.get(name));
    const changedAt = triggers.next(keyString(keyOf(service)), service, pods);
    const annotations = (slice: EndpointSlice | undefined): Record<string, string> => {
      const { [triggerTimeAnnotation]: _, ...others } = slice?.metadata.annotations ?? {};
      return changedAt === undefined ? others : { ...others, [triggerTimeAnnotation]: changedAt };
    };
    const source = { owner: service, labels: sliceLabels(service), annotations };
    const types = new Set(groups.map(({ addressType }) => addressType));
    for (const addressType of types) {
      const slices = present.filter((slice) => slice.addressType === addressType);
      const plan = plannedFor(service, source, slices, addressType, groups);
      await writeSlices(writing(keyString(keyOf(service))), plan);
    }
    const remove = present.filter(({ addressType }) => !(types as ReadonlySet<string>).has(addressType));
    await writeSlices(writing(keyString(keyOf(service))), { create: [], update: [], remove });
  }

  function plannedFor(
    service: Service,
    source: SliceSource,
    present: readonly EndpointSlice[],
    addressType: AddressFamily,
    groups: readonly EndpointGroup[],
  ): SlicePlan {
    const key = keyString(keyOf(service));
    const own = groups.filter((group) => group.addressType === addressType);
    if (!wantsZoneHints(service)) {
      const event = topology.drop(key, addressType);
      if (event !== undefined) events.event(service, event.type, event.reason, event.message);
      return planSlices(source, present, own);
    }
    const bare = planSlices(source, present, withPresentHints(own, present));
    const written = new Set([...bare.update, ...bare.remove].map(({ metadata }) => metadata.name));
    const unchanged = present.filter(({ metadata }) => !written.has(metadata.name));
    const { plan, event } = topology.plan(key, addressType, bare, unchanged, zoneShares(nodes.store.values()));
    if (event !== undefined) events.event(service, event.type, event.reason, event.message);
    return plan;
  }

  watchPods(selection, controller);
  const enqueueService = (slice: EndpointSlice): void => {
    for (const key of serviceOf(slice)) controller.queue.add(key);
  };
  const saw = (slice: EndpointSlice, as = slice): void => {
    for (const key of serviceOf(as)) own.saw(key, slice);
  };
  slices.addHandlers({
    add: (slice) => {
      saw(slice);
      enqueueService(slice);
    },
    update: (old, slice) => {
      saw(slice, old);
      // A slice that was given to another service is missed by the one it came from.
      if (old.metadata.labels !== slice.metadata.labels) enqueueService(old);
      enqueueService(slice);
    },
    delete: (slice) => {
      for (const key of serviceOf(slice)) own.gone(key, slice.metadata.name ?? "");
      enqueueService(slice);
    },
  });
  const wakeOverloaded = (): void => {
    if (!topology.isUsed) return;
    for (const key of topology.overloaded(zoneShares(nodes.store.values()))) controller.queue.add(key);
  };
  nodes.addHandlers({
    add: wakeOverloaded,
    update: (old, node) => {
      if (zoneOf(old) !== zoneOf(node)) {
        for (const service of selection.services.store.values()) controller.enqueue(service);
      } else if (isNodeReady(old) !== isNodeReady(node)) wakeOverloaded();
    },
    delete: wakeOverloaded,
  });
  return controller;
}

function serviceOf(slice: EndpointSlice): string[] {
  const { labels, namespace } = slice.metadata;
  const name = labels?.[serviceNameLabel];
  if (name === undefined || labels?.[managedByLabel] !== controllerName) return [];
  return [keyString({ namespace, name })];
}
