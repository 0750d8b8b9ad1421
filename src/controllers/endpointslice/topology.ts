import { quantityToMilli } from "../../api/meta/index.ts";
import type { Endpoint, EndpointSlice, Node } from "../../api/types/index.ts";
import type { Draft, EventType } from "../../client/index.ts";
import { zoneOf } from "../services/index.ts";
import type { EndpointGroup } from "./desired.ts";
import { identity, type SlicePlan } from "./plan.ts";
import {
  divideAmongZones,
  type HintedEndpoint,
  type HintsByZone,
  isOverloaded,
  type ZoneShares,
} from "./zone-hints.ts";

const controlPlaneLabels = ["node-role.kubernetes.io/control-plane", "node-role.kubernetes.io/master"];

/** Each zone's part of the CPU of the nodes that are ready; undefined when a zone or a CPU is not told, or there is one zone. */
export function zoneShares(nodes: Iterable<Node>): ZoneShares {
  const cpu = new Map<string, number>();
  let total = 0;
  for (const node of nodes) {
    const { labels = {} } = node.metadata;
    if (controlPlaneLabels.some((label) => labels[label] !== undefined) || !isNodeReady(node)) continue;
    const zone = zoneOf(node);
    const milli = quantityToMilli(node.status?.allocatable?.cpu ?? "0");
    if (!zone || milli === 0) return undefined;
    cpu.set(zone, (cpu.get(zone) ?? 0) + milli);
    total += milli;
  }
  return cpu.size < 2 ? undefined : new Map([...cpu].map(([zone, milli]) => [zone, milli / total]));
}

export function isNodeReady({ status }: Node): boolean {
  return status?.conditions?.find(({ type }) => type === "Ready")?.status === "True";
}

/** The endpoints with the hints that they have, so that a slice is not written for hints alone. */
export function withPresentHints(groups: readonly EndpointGroup[], present: readonly EndpointSlice[]): EndpointGroup[] {
  const known = new Map(
    present.flatMap(({ endpoints }) =>
      (endpoints ?? []).map((endpoint) => [identity(endpoint), endpoint.hints] as const),
    ),
  );
  const withHints = (endpoint: Endpoint): Endpoint => {
    const hints = endpoint.conditions?.ready === true ? known.get(identity(endpoint)) : undefined;
    return hints == null ? endpoint : { ...endpoint, hints };
  };
  return groups.map((group) => ({ ...group, endpoints: group.endpoints.map(withHints) }));
}

/** What to tell of a service whose hints came, went, or could not be made. */
export interface HintsEvent {
  readonly type: EventType;
  readonly reason: string;
  readonly message: string;
}

type AddressType = EndpointSlice["addressType"];

/** What has been told of each service, so that a change is told once, and nodes that come and go wake whom they concern. */
export class TopologyHints {
  readonly #byService = new Map<string, Map<AddressType, HintsByZone>>();
  readonly #populated = new Set<string>();

  /** Whether any service has hints. */
  get isUsed(): boolean {
    return this.#byService.size > 0;
  }

  /** The plan with hints, and with the slices besides that need others than they have. */
  plan(
    key: string,
    addressType: AddressType,
    plan: SlicePlan,
    unchanged: readonly EndpointSlice[],
    shares: ZoneShares,
  ): { plan: SlicePlan; event: HintsEvent | undefined } {
    const written = [...plan.create, ...plan.update];
    const slices = [...unchanged, ...written];
    const divided = divideAmongZones(
      slices.map(({ endpoints }, index) => ({
        endpoints: (endpoints ?? []).map(hintedEndpoint),
        changes: index >= unchanged.length,
      })),
      shares,
    );
    if ("why" in divided) {
      this.remove(key, addressType);
      return { plan: withZones(plan, unchanged, []), event: disabled(divided.why, addressType) };
    }
    const byType = this.#byService.get(key) ?? new Map<AddressType, HintsByZone>();
    this.#byService.set(key, byType.set(addressType, divided.byZone));
    const event = this.#populated.has(key) ? undefined : enabled(addressType);
    this.#populated.add(key);
    return { plan: withZones(plan, unchanged, divided.zones), event };
  }

  /** The service does not ask for hints; gives what to tell if it has some. */
  drop(key: string, addressType: AddressType): HintsEvent | undefined {
    const had = this.#populated.has(key);
    this.remove(key, addressType);
    return had ? disabled("Topology Aware Hints has been disabled", addressType) : undefined;
  }

  remove(key: string, addressType: AddressType): void {
    const byType = this.#byService.get(key);
    byType?.delete(addressType);
    if (byType?.size === 0) this.#byService.delete(key);
    this.#populated.delete(key);
  }

  /** The service is gone. */
  forget(key: string): void {
    this.#byService.delete(key);
    this.#populated.delete(key);
  }

  /** Services of which some zone has too few endpoints for what CPU it has now. */
  overloaded(shares: ZoneShares): string[] {
    return [...this.#byService]
      .filter(([, byType]) => [...byType.values()].some((byZone) => isOverloaded(byZone, shares)))
      .map(([key]) => key);
  }
}

/** @param zones by slice (the unchanged ones first, then those to be created, then to be updated) and endpoint. */
function withZones(
  plan: SlicePlan,
  unchanged: readonly EndpointSlice[],
  zones: readonly (readonly (string | undefined)[])[],
): SlicePlan {
  let at = 0;
  const hinted = <T extends Draft<EndpointSlice> | EndpointSlice>(slice: T): T => {
    const ofSlice = zones[at++] ?? [];
    const endpoints = (slice.endpoints ?? []).map((endpoint, index) => withZone(endpoint, ofSlice[index]));
    return { ...slice, endpoints };
  };
  const isOther = (slice: EndpointSlice, index: number) =>
    slice.endpoints?.some((endpoint, i) => !sameZone(endpoint, unchanged[index]?.endpoints?.[i]));
  const revised = unchanged.map((slice) => hinted(slice)).filter(isOther);
  const create = plan.create.map((slice) => hinted(slice));
  return { ...plan, create, update: [...plan.update.map((slice) => hinted(slice)), ...revised] };
}

function withZone({ hints: _, ...endpoint }: Endpoint, zone: string | undefined): Endpoint {
  return zone === undefined ? endpoint : { ...endpoint, hints: { forZones: [{ name: zone }] } };
}

function sameZone(a: Endpoint, b: Endpoint | undefined): boolean {
  return zonesOf(a).join() === zonesOf(b).join();
}

function zonesOf(endpoint: Endpoint | undefined): string[] {
  return (endpoint?.hints?.forZones ?? []).map(({ name }) => name);
}

function hintedEndpoint(endpoint: Endpoint): HintedEndpoint {
  return { ready: endpoint.conditions?.ready === true, zone: endpoint.zone ?? undefined, forZones: zonesOf(endpoint) };
}

function enabled(addressType: AddressType): HintsEvent {
  const message = `Topology Aware Hints has been enabled, addressType: ${addressType}`;
  return { type: "Normal", reason: "TopologyAwareHintsEnabled", message };
}

function disabled(why: string, addressType: AddressType): HintsEvent {
  return { type: "Warning", reason: "TopologyAwareHintsDisabled", message: `${why}, addressType: ${addressType}` };
}
