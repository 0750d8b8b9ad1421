import { matchesNodeSelectorTerm } from "../../../api/placement/index.ts";
import type { Device, NodeSelector, ResourceSlice } from "../../../api/types/index.ts";
import type { NodeInfo } from "../../node-info.ts";

/** A device that a node can use, and where it was published. */
export interface PublishedDevice {
  /** driver/pool/name */
  readonly id: string;
  readonly driver: string;
  readonly pool: string;
  readonly device: Device;
  /** Where the device can be used; undefined is everywhere. */
  readonly nodes: NodeSelector | undefined;
}

/** Devices of one driver that are published together. */
export interface Pool {
  readonly driver: string;
  readonly name: string;
  /** False while slices of the newest generation are missing: nothing is allocated from it. */
  readonly isComplete: boolean;
  readonly slices: readonly ResourceSlice[];
  /** Amounts that devices share: by `counterSet/counter`. */
  readonly counters: ReadonlyMap<string, string>;
}

export function deviceId(driver: string, pool: string, device: string): string {
  return `${driver}/${pool}/${device}`;
}

/** All pools, each with the slices of its newest generation. */
export function poolsOf(slices: readonly ResourceSlice[]): readonly Pool[] {
  const groups = Map.groupBy(slices, ({ spec: { driver, pool } }) => `${driver}/${pool.name}`);
  return [...groups.values()].flatMap((group) => {
    const newest = Math.max(...group.map(({ spec }) => spec.pool.generation));
    const current = group.filter(({ spec }) => spec.pool.generation === newest);
    const [first] = current;
    if (!first) return [];
    const { driver, pool } = first.spec;
    const isComplete = current.length === pool.resourceSliceCount;
    return [{ driver, name: pool.name, isComplete, slices: current, counters: countersOf(current) }];
  });
}

function countersOf(slices: readonly ResourceSlice[]): ReadonlyMap<string, string> {
  const counters = new Map<string, string>();
  for (const { spec } of slices) {
    for (const { name, counters: shared } of spec.sharedCounters ?? []) {
      for (const [counter, { value }] of Object.entries(shared)) counters.set(`${name}/${counter}`, value);
    }
  }
  return counters;
}

/** The devices of a pool that the node can use. */
export function devicesFor(node: NodeInfo, { driver, name: pool, slices }: Pool): PublishedDevice[] {
  const found: PublishedDevice[] = [];
  for (const { spec } of slices) {
    for (const device of spec.devices ?? []) {
      const place = spec.perDeviceNodeSelection ? device : spec;
      if (!isReachable(node, place)) continue;
      found.push({ id: deviceId(driver, pool, device.name), driver, pool, device, nodes: nodesOf(place) });
    }
  }
  return found;
}

interface Place {
  readonly nodeName?: string;
  readonly nodeSelector?: NodeSelector;
  readonly allNodes?: boolean;
}

function isReachable(node: NodeInfo, { nodeName, nodeSelector, allNodes }: Place): boolean {
  if (nodeName) return nodeName === node.name;
  return allNodes === true || (nodeSelector !== undefined && selects(nodeSelector, node));
}

function nodesOf({ nodeName, nodeSelector }: Place): NodeSelector | undefined {
  if (!nodeName) return nodeSelector;
  return { nodeSelectorTerms: [{ matchFields: [{ key: "metadata.name", operator: "In", values: [nodeName] }] }] };
}

export function selects({ nodeSelectorTerms }: NodeSelector, node: NodeInfo): boolean {
  return (nodeSelectorTerms ?? []).some((term) => matchesNodeSelectorTerm(term, node));
}
