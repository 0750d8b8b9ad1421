import { controllerReference, type KubeObject, semanticEqual } from "../../api/meta/index.ts";
import type { Endpoint, EndpointSlice } from "../../api/types/index.ts";
import type { Draft } from "../../client/index.ts";
import { type EndpointGroup, portsId } from "./desired.ts";

export const endpointsPerSliceMax = 100;

export interface SlicePlan {
  readonly create: readonly Draft<EndpointSlice>[];
  readonly update: readonly EndpointSlice[];
  readonly remove: readonly EndpointSlice[];
}

/** Whom slices are made for, and what each of them carries besides its endpoints. */
export interface SliceSource {
  readonly owner: KubeObject;
  readonly labels: Readonly<Record<string, string>>;
  /** Of a slice that is written, given the one that was there. */
  annotations(before: EndpointSlice | undefined): Record<string, string> | undefined;
  /** Whether a slice is written for its annotations alone. */
  readonly annotationsMatter?: boolean;
}

type Slot = { readonly slice: EndpointSlice; endpoints: Endpoint[]; changed: boolean };

/**
 * Fits what a service has to say into its slices with few changes: an endpoint stays in the slice it is in, new ones go
 * where there is room in slices that change anyway, and only then into others or new slices.
 */
export function planSlices(
  source: SliceSource,
  present: readonly EndpointSlice[],
  groups: readonly EndpointGroup[],
): SlicePlan {
  const create: Draft<EndpointSlice>[] = [];
  const update: EndpointSlice[] = [];
  const spare = new Set(present);
  for (const group of groups) {
    const own = present.filter((slice) => fits(slice, group));
    const { slots, left } = settle(own, group.endpoints);
    for (const slice of own) spare.delete(slice);
    const keptSlots = keepNonEmpty(slots, left.length > 0 || group.endpoints.length === 0);
    for (const slot of slots) if (!keptSlots.includes(slot)) spare.add(slot.slice);
    fill(keptSlots, left);
    for (const slot of keptSlots) {
      const next = revised(source, slot);
      if (next !== undefined) update.push(next);
    }
    const isPlaceholder = group.endpoints.length === 0 && keptSlots.length === 0;
    for (const endpoints of isPlaceholder ? [[]] : chunks(left)) create.push(newSlice(source, group, endpoints));
  }
  return reuse(source, create, update, [...spare]);
}

function fits(slice: EndpointSlice, group: EndpointGroup): boolean {
  return slice.addressType === group.addressType && portsId(slice.ports) === portsId(group.ports);
}

/** Puts each endpoint into the slice that has it already; gives those that are in none. */
function settle(slices: readonly EndpointSlice[], endpoints: readonly Endpoint[]): { slots: Slot[]; left: Endpoint[] } {
  const wanted = new Map(endpoints.map((endpoint) => [identity(endpoint), endpoint]));
  const slots = slices.map((slice): Slot => {
    const kept: Endpoint[] = [];
    let changed = false;
    for (const endpoint of slice.endpoints ?? []) {
      const id = identity(endpoint);
      const next = wanted.get(id);
      wanted.delete(id);
      if (next === undefined || !semanticEqual(next, endpoint)) changed = true;
      if (next !== undefined) kept.push(next);
    }
    return { slice, endpoints: kept, changed };
  });
  return { slots, left: [...wanted.values()] };
}

/** The same for the same pod at the same address. */
export function identity(endpoint: Endpoint): string {
  return `${endpoint.targetRef?.uid ?? ""} ${endpoint.addresses[0]}`;
}

/** Empty slices go, except one when nothing else is there to say that the service has no endpoints, or to be filled. */
function keepNonEmpty(slots: readonly Slot[], needsOne: boolean): Slot[] {
  const filled = slots.filter((slot) => slot.endpoints.length > 0);
  return filled.length === 0 && needsOne ? slots.slice(0, 1) : filled;
}

function fill(slots: readonly Slot[], left: Endpoint[]): void {
  const changedFirst = [...slots].sort(
    (a, b) => Number(b.changed) - Number(a.changed) || b.endpoints.length - a.endpoints.length,
  );
  for (const slot of changedFirst) {
    const room = endpointsPerSliceMax - slot.endpoints.length;
    if (room <= 0 || left.length === 0) continue;
    slot.endpoints.push(...left.splice(0, room));
    slot.changed = true;
  }
}

function chunks(endpoints: readonly Endpoint[]): Endpoint[][] {
  const out: Endpoint[][] = [];
  for (let start = 0; start < endpoints.length; start += endpointsPerSliceMax) {
    out.push(endpoints.slice(start, start + endpointsPerSliceMax));
  }
  return out;
}

function revised(source: SliceSource, slot: Slot): EndpointSlice | undefined {
  const { labels, annotations, annotationsMatter } = source;
  const { slice, endpoints } = slot;
  const isAnnotated = !annotationsMatter || semanticEqual(slice.metadata.annotations, annotations(slice));
  if (!slot.changed && isAnnotated && semanticEqual(slice.metadata.labels, labels)) return undefined;
  const metadata = { ...slice.metadata, labels: { ...labels }, annotations: annotations(slice) };
  return { ...slice, metadata, endpoints };
}

function newSlice(
  { owner, labels, annotations }: SliceSource,
  group: EndpointGroup,
  endpoints: Endpoint[],
): Draft<EndpointSlice> {
  return {
    metadata: {
      generateName: `${owner.metadata.name}-`,
      namespace: owner.metadata.namespace,
      labels: { ...labels },
      annotations: annotations(undefined),
      ownerReferences: [controllerReference(owner)],
    },
    addressType: group.addressType,
    endpoints,
    ports: [...group.ports],
  };
}

/** A slice that would go takes the place of one that would be made, where the address type allows. */
function reuse(
  { labels, annotations }: SliceSource,
  create: readonly Draft<EndpointSlice>[],
  update: readonly EndpointSlice[],
  remove: readonly EndpointSlice[],
): SlicePlan {
  const spare = [...remove];
  const made: Draft<EndpointSlice>[] = [];
  const updated = [...update];
  for (const draft of create) {
    const index = spare.findIndex((slice) => slice.addressType === draft.addressType);
    const [slice] = index < 0 ? [] : spare.splice(index, 1);
    if (slice === undefined) {
      made.push(draft);
      continue;
    }
    const metadata = { ...slice.metadata, labels: { ...labels }, annotations: annotations(slice) };
    updated.push({ ...slice, metadata, endpoints: draft.endpoints, ports: draft.ports });
  }
  return { create: made, update: updated, remove: spare };
}
