import { keyString } from "../../api/meta/index.ts";
import type { EndpointSlice } from "../../api/types/index.ts";
import { again, done, type Outcome, resources, runController } from "../../client/index.ts";
import type { StartController } from "../context.ts";
import { managedByLabel, OwnSlices, planSlices, serviceNameLabel, writeSlices } from "../endpointslice/index.ts";
import { messageOf } from "../pods/index.ts";
import {
  addressesPerSubsetMax,
  isMirrored,
  isMirroredFor,
  mirroredGroups,
  mirroringName,
  mirrorSource,
} from "./mirror.ts";

const name = "endpointslice-mirroring-controller";
const component = "endpoint-slice-mirroring-controller";
/** What the view lacks brings a turn of its own; this is for what never comes. */
const behindMs = 1000;
const byEndpoints = "mirrored endpoints";

export const startEndpointSliceMirroring: StartController = ({ client, host, informers, recorder, workers }) => {
  const endpoints = informers.informer(resources.endpoints);
  const services = informers.informer(resources.services);
  const slices = informers.informer(resources.endpointslices, { indexers: { [byEndpoints]: endpointsOf } });
  const events = recorder(component);
  const own = new OwnSlices(host.clock);
  const controller = runController({
    name,
    host,
    workers: workers(name, 5),
    synced: [endpoints, services, slices],
    reconcile: (key) => reconcile(keyString(key)),
  });

  async function reconcile(key: string): Promise<Outcome> {
    const original = endpoints.store.get(key);
    const seen = slices.store.byIndex(byEndpoints, key);
    const present = seen.filter(({ metadata }) => !metadata.deletionTimestamp);
    // Slices of what was deleted go with it by their owner reference.
    if (original === undefined || original.metadata.deletionTimestamp !== undefined) return done;
    if (own.isBehind(key, seen)) return again(behindMs);
    const writing = { client, service: key, own };
    if (!isMirrored(original) || !isMirroredFor(services.store.get(key))) {
      await writeSlices(writing, { create: [], update: [], remove: present });
      return done;
    }
    const { groups, invalid, skipped } = mirroredGroups(original);
    if (invalid > 0) {
      const message = `Skipped ${invalid} invalid IP addresses when mirroring to EndpointSlices`;
      events.event(original, "Warning", "InvalidIPAddress", message);
    }
    if (skipped > invalid) {
      const message = `A max of ${addressesPerSubsetMax} addresses can be mirrored to EndpointSlices per Endpoints subset. ${skipped} addresses were skipped`;
      events.event(original, "Warning", "TooManyAddressesToMirror", message);
    }
    try {
      await writeSlices(writing, planSlices(mirrorSource(original), present, groups));
    } catch (error) {
      const message = `Failed to update Endpoint Slices for Endpoints ${key}: ${messageOf(error)}`;
      events.event(original, "Warning", "FailedToUpdateEndpointSlices", message);
      throw error;
    }
    return done;
  }

  endpoints.addHandlers({
    add: (one) => controller.enqueue(one),
    update: (_, one) => controller.enqueue(one),
  });
  services.addHandlers({
    add: (service) => controller.enqueue(service),
    update: (old, service) => {
      if (isMirroredFor(old) !== isMirroredFor(service)) controller.enqueue(service);
    },
    delete: (service) => controller.enqueue(service),
  });
  const ofSlice = (slice: EndpointSlice): void => {
    for (const key of endpointsOf(slice)) controller.queue.add(key);
  };
  const saw = (slice: EndpointSlice, as = slice): void => {
    for (const key of endpointsOf(as)) own.saw(key, slice);
  };
  slices.addHandlers({
    // One of our own may be waited for.
    add: (slice) => {
      saw(slice);
      ofSlice(slice);
    },
    update: (old, slice) => {
      saw(slice, old);
      ofSlice(slice);
    },
    delete: (slice) => {
      for (const key of endpointsOf(slice)) own.gone(key, slice.metadata.name ?? "");
      ofSlice(slice);
    },
  });
  return controller;
};

function endpointsOf({ metadata: { labels, namespace } }: EndpointSlice): string[] {
  const of = labels?.[serviceNameLabel];
  return of === undefined || labels?.[managedByLabel] !== mirroringName ? [] : [keyString({ namespace, name: of })];
}
