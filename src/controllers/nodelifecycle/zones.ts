import type { Node } from "../../api/types/index.ts";
import { TokenBucket } from "../../client/index.ts";
import { readiness } from "./taints.ts";

const normalPerSecond = 0.1;
const reducedPerSecond = 0.01;
const unhealthyFraction = 0.55;
const largeZoneNodes = 50;
const fewestUnhealthy = 3;

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
  readonly #zones = new Map<string, Zone>();
  readonly #zoneOf = new Map<string, string>();

  observe(node: Node, nowMs: number): void {
    const name = node.metadata.name ?? "";
    const id = zoneIdOf(node);
    if (this.#zoneOf.get(name) !== id) this.forget(name);
    this.#zoneOf.set(name, id);
    let zone = this.#zones.get(id);
    if (zone === undefined) {
      const bucket = new TokenBucket(normalPerSecond, 1, nowMs);
      zone = { nodes: new Map(), unready: 0, bucket, perSecond: normalPerSecond };
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
    return this.#zones.size > 0 && [...this.#zones.values()].every((zone) => stateOf(zone) === "full");
  }

  /** Takes one of the zone's evictions, when one is free. */
  mayEvict(node: Node, nowMs: number): boolean {
    const zone = this.#zones.get(zoneIdOf(node));
    if (zone === undefined || this.allDisrupted) return false;
    const perSecond = rateOf(zone);
    if (perSecond !== zone.perSecond) {
      zone.perSecond = perSecond;
      zone.bucket = new TokenBucket(perSecond, 1, nowMs);
    }
    return perSecond > 0 && zone.bucket.tryTake(nowMs);
  }
}

function stateOf({ nodes, unready }: Zone): ZoneState {
  if (unready > 0 && unready === nodes.size) return "full";
  if (unready >= fewestUnhealthy && unready / nodes.size >= unhealthyFraction) return "partial";
  return "normal";
}

function rateOf(zone: Zone): number {
  if (stateOf(zone) !== "partial") return normalPerSecond;
  return zone.nodes.size > largeZoneNodes ? reducedPerSecond : 0;
}
