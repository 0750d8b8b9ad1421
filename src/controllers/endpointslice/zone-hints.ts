import { compareText } from "../owners.ts";

/** A zone gets fewer endpoints than its share of CPU at most until each of them bears this much more than its part. */
const overloadThreshold = 0.2;

/** An endpoint as far as its hint goes. */
export interface HintedEndpoint {
  readonly ready: boolean;
  readonly zone: string | undefined;
  /** For clients of which zones it is now. */
  readonly forZones: readonly string[];
}

/** By zone: how many endpoints are for its clients. */
export type HintsByZone = ReadonlyMap<string, number>;

/** Each zone's part of the CPU of all nodes; undefined when it is not known, or there is but one zone. */
export type ZoneShares = ReadonlyMap<string, number> | undefined;

export interface ZoneHints {
  /** Zone by endpoint, in the order of the slices and their endpoints; undefined for one that is not ready. */
  readonly zones: readonly (readonly (string | undefined)[])[];
  readonly byZone: HintsByZone;
}

/** Why a service's endpoints cannot be divided among the zones: the words of the event. */
export interface NoHints {
  readonly why: string;
}

interface Allocation {
  readonly minimum: number;
  readonly maximum: number;
  readonly desired: number;
}

/** A slice's endpoints, and whether the slice is written anyway. */
export interface HintedSlice {
  readonly endpoints: readonly HintedEndpoint[];
  readonly changes: boolean;
}

/**
 * Divides the ready endpoints of a service among the zones by their CPU: each is for its own zone's clients as far as no zone
 * gets too few. What slices that are not written already say is kept where it fits.
 */
export function divideAmongZones(slices: readonly HintedSlice[], shares: ZoneShares): ZoneHints | NoHints {
  const endpoints = slices.reduce((sum, slice) => sum + slice.endpoints.filter(({ ready }) => ready).length, 0);
  const allocations = allocate(endpoints, shares);
  if ("why" in allocations) return allocations;

  const byZone = new Map<string, number>();
  const zones: (string | undefined)[][] = slices.map(() => []);
  const open: number[] = [];
  for (const [index, slice] of slices.entries()) {
    const kept = slice.changes ? undefined : presentHints(slice, byZone, allocations);
    if (kept === undefined) {
      open.push(index);
      continue;
    }
    for (const [zone, count] of kept) add(byZone, zone, count);
    zones[index] = slice.endpoints.map(({ ready, forZones }) => (ready ? forZones[0] : undefined));
  }
  for (const index of open) {
    for (const { ready, zone } of slices[index]?.endpoints ?? []) {
      if (!ready) zones[index]?.push(undefined);
      else if (zone === undefined || zone === "") return { why: "One or more endpoints do not have a zone specified" };
      else {
        zones[index]?.push(zone);
        add(byZone, zone, 1);
      }
    }
  }
  const { giving, receiving } = exchange(allocations, byZone);
  for (const index of open) {
    const of = zones[index] ?? [];
    for (const [at, zone] of of.entries()) {
      const [to] = receiving.keys();
      if (to === undefined) break;
      if (zone === undefined || !giving.has(zone)) continue;
      of[at] = to;
      take(giving, zone);
      take(receiving, to);
      add(byZone, zone, -1);
      add(byZone, to, 1);
    }
  }
  return byZone.size === 0 ? { why: "No hints allocated for zones" } : { zones, byZone };
}

function allocate(endpoints: number, shares: ZoneShares): Map<string, Allocation> | NoHints {
  if (shares === undefined) {
    return { why: "Insufficient Node information: allocatable CPU or zone not specified on one or more nodes" };
  }
  if (shares.size > endpoints) {
    return { why: `Insufficient number of endpoints (${endpoints} endpoints, ${shares.size} zones)` };
  }
  const least = [...shares].map(([zone, share]) => ({
    zone,
    desired: share * endpoints,
    minimum: leastEndpoints(share, endpoints),
  }));
  const spare = endpoints - least.reduce((sum, { minimum }) => sum + minimum, 0);
  if (spare < 0) {
    return { why: "Unable to allocate minimum required endpoints to each zone without exceeding overload threshold" };
  }
  return new Map(
    least.map(({ zone, desired, minimum }) => [
      zone,
      { minimum, maximum: minimum + spare, desired: Math.max(desired, minimum) },
    ]),
  );
}

function leastEndpoints(share: number, endpoints: number): number {
  return Math.ceil((share * endpoints) / (1 + overloadThreshold));
}

/** Undefined when a slice's hints are incomplete, or more than a zone may have. */
function presentHints(
  slice: HintedSlice,
  byZone: HintsByZone,
  allocations: ReadonlyMap<string, Allocation>,
): Map<string, number> | undefined {
  const counts = new Map<string, number>();
  for (const { ready, forZones } of slice.endpoints) {
    if (!ready) continue;
    if (forZones.length === 0 || forZones.some((zone) => !allocations.has(zone))) return undefined;
    for (const zone of forZones) add(counts, zone, 1);
  }
  for (const [zone, count] of counts) {
    if (count + (byZone.get(zone) ?? 0) > (allocations.get(zone)?.maximum ?? 0)) return undefined;
  }
  return counts;
}

/** How many endpoints each zone has too many, and how many each lacks: as many on either side. */
function exchange(allocations: ReadonlyMap<string, Allocation>, byZone: HintsByZone) {
  const surplus = new Map<string, number>();
  const lack = new Map<string, number>();
  for (const [zone, { desired }] of allocations) {
    const more = (byZone.get(zone) ?? 0) - desired;
    if (more > 0) surplus.set(zone, more);
    else if (more < 0) lack.set(zone, -more);
  }
  const giving = new Map<string, number>();
  const receiving = new Map<string, number>();
  for (;;) {
    const [from, canGive] = most(surplus);
    const [to, wants] = most(lack);
    if (from === "" || to === "" || (canGive < 1 && wants < 1) || canGive < 0.5 || wants < 0.5) break;
    add(giving, from, 1);
    add(surplus, from, -1);
    add(receiving, to, 1);
    add(lack, to, -1);
  }
  return { giving, receiving };
}

/** The zone with the most; of several the first by name. */
function most(zones: ReadonlyMap<string, number>): [string, number] {
  let found: [string, number] = ["", 0];
  for (const [zone, count] of [...zones].sort(([a], [b]) => compareText(a, b)))
    if (count > found[1]) found = [zone, count];
  return found;
}

/** Whether some zone has fewer endpoints than its share of CPU demands: the service's hints are to be made anew. */
export function isOverloaded(byZone: HintsByZone, shares: ZoneShares): boolean {
  if (byZone.size === 0) return false;
  if (shares === undefined) return true;
  const endpoints = [...byZone.values()].reduce((sum, count) => sum + count, 0);
  return [...shares].some(([zone, share]) => (byZone.get(zone) ?? -1) < leastEndpoints(share, endpoints));
}

function add(counts: Map<string, number>, zone: string, count: number): void {
  counts.set(zone, (counts.get(zone) ?? 0) + count);
}

function take(counts: Map<string, number>, zone: string): void {
  const left = (counts.get(zone) ?? 0) - 1;
  if (left > 0) counts.set(zone, left);
  else counts.delete(zone);
}
