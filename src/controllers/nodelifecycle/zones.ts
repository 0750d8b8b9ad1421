import type { Node } from "../../api/types/index.ts";
import { TokenBucket } from "../../client/index.ts";
import { readiness } from "./taints.ts";

const fewestUnhealthy = 3;

/** How fast nodes are emptied; the original's flags of node eviction. */
export interface EvictionRates {
  /** Nodes a second in a zone that is well, or wholly gone. */
  readonly perSecond: number;
  /** In a large zone of which a great part is gone; in a small one nothing is emptied then. */
  readonly secondaryPerSecond: number;
  /** The part of a zone's nodes, at least three, that makes it count as disrupted. */
  readonly unhealthyZoneThreshold: number;
  /** Zones with more nodes are large. */
  readonly largeClusterSizeThreshold: number;
}

export const defaultEvictionRates: EvictionRates = {
  perSecond: 0.1,
  secondaryPerSecond: 0.01,
  unhealthyZoneThreshold: 0.55,
  largeClusterSizeThreshold: 50,
};

type ZoneState = "normal" | "partial" | "full";

interface Zone {
  readonly nodes: Map<string, boolean>;
  unready: number;
  bucket: TokenBucket;
  perSecond: number;
}

export function zoneIdOf(node: Node): string {
  const labels = node.metadata.labels ?? {};
  const region = labels["topology.kubernetes.io/region"] ?? "";
  const zone = labels["topology.kubernetes.io/zone"] ?? "";
  return `${region}:${zone}`;
}

/**
 * How fast pods may be driven off nodes: one node in ten seconds a zone; slower or not at all where so many nodes fail
 * at once that the fault is rather between them and us; not at all when no node of the cluster is ready.
 */
export class EvictionZones {
  readonly #rates: EvictionRates;
  readonly #zones = new Map<string, Zone>();
  readonly #zoneOf = new Map<string, string>();

  constructor(rates: EvictionRates = defaultEvictionRates) {
    this.#rates = rates;
  }

  observe(node: Node, nowMs: number): void {
    const name = node.metadata.name ?? "";
    const id = zoneIdOf(node);
    if (this.#zoneOf.get(name) !== id) this.forget(name);
    this.#zoneOf.set(name, id);
    let zone = this.#zones.get(id);
    if (zone === undefined) {
      const { perSecond } = this.#rates;
      zone = { nodes: new Map(), unready: 0, bucket: new TokenBucket(perSecond, 1, nowMs), perSecond };
      this.#zones.set(id, zone);
    }
    const ready = readiness(node) === "True";
    const before = zone.nodes.get(name);
    zone.nodes.set(name, ready);
    zone.unready += Number(!ready) - Number(before === false);
  }

  forget(name: string): void {
    const id = this.#zoneOf.get(name);
    const zone = id === undefined ? undefined : this.#zones.get(id);
    this.#zoneOf.delete(name);
    if (id === undefined || zone === undefined) return;
    if (zone.nodes.get(name) === false) zone.unready--;
    zone.nodes.delete(name);
    if (zone.nodes.size === 0) this.#zones.delete(id);
  }

  /** No node of any zone is ready: we are cut off rather than they. */
  get allDisrupted(): boolean {
    return this.#zones.size > 0 && [...this.#zones.values()].every((zone) => this.#stateOf(zone) === "full");
  }

  /** Takes one of the zone's evictions, when one is free. */
  mayEvict(node: Node, nowMs: number): boolean {
    const zone = this.#zones.get(zoneIdOf(node));
    if (zone === undefined || this.allDisrupted) return false;
    const perSecond = this.#rateOf(zone);
    if (perSecond !== zone.perSecond) {
      zone.perSecond = perSecond;
      zone.bucket = new TokenBucket(perSecond, 1, nowMs);
    }
    return perSecond > 0 && zone.bucket.tryTake(nowMs);
  }

  /** Size and unready nodes of every zone. */
  *sizes(): Generator<{ readonly id: string; readonly nodes: number; readonly unready: number }> {
    for (const [id, { nodes, unready }] of this.#zones) yield { id, nodes: nodes.size, unready };
  }

  #stateOf({ nodes, unready }: Zone): ZoneState {
    if (unready > 0 && unready === nodes.size) return "full";
    const isMuch = unready >= fewestUnhealthy && unready / nodes.size >= this.#rates.unhealthyZoneThreshold;
    return isMuch ? "partial" : "normal";
  }

  #rateOf(zone: Zone): number {
    const { perSecond, secondaryPerSecond, largeClusterSizeThreshold } = this.#rates;
    if (this.#stateOf(zone) !== "partial") return perSecond;
    return zone.nodes.size > largeClusterSizeThreshold ? secondaryPerSecond : 0;
  }
}
