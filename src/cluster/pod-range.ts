/** How pods' addresses are divided: the cluster's range, and the prefix length of each node's part. */
export interface PodRange {
  readonly clusterCIDR: string;
  readonly nodeMaskSize: number;
}

/** The original's part for a node: 254 pods. */
const usualNodeMask = 24;

/** More nodes than the pod addresses can be divided among. */
export class PodRangeError extends Error {
  override readonly name = "PodRangeError";
}

/**
 * Widens the cluster's range until every node gets a /24 of it (`10.244.0.0/16` has 256). Where wider would reach into the
 * services' range, the range stays and more nodes are refused.
 * @throws PodRangeError
 */
export function podRangeFor(clusterCIDR: string, serviceCIDR: string, nodes: number): PodRange {
  let range = parse(clusterCIDR);
  const nodeMaskSize = Math.max(usualNodeMask, range.prefix);
  while (2 ** (nodeMaskSize - range.prefix) < nodes) {
    const wider = widen(range);
    if (wider.prefix < 4 || overlap(wider, parse(serviceCIDR))) {
      const fit = 2 ** (nodeMaskSize - range.prefix);
      throw new PodRangeError(
        `${nodes} nodes do not fit: ${format(range)} has pod addresses for ${fit}; choose another --cluster-cidr or --service-cluster-ip-range`,
      );
    }
    range = wider;
  }
  return { clusterCIDR: format(range), nodeMaskSize };
}

interface Range {
  readonly base: number;
  readonly prefix: number;
}

function parse(cidr: string): Range {
  const [address = "", prefix = "32"] = cidr.split("/");
  const value = address.split(".").reduce((sum, part) => sum * 256 + Number(part), 0);
  return aligned(value, Number(prefix));
}

function aligned(value: number, prefix: number): Range {
  const size = 2 ** (32 - prefix);
  return { base: Math.floor(value / size) * size, prefix };
}

function widen(range: Range): Range {
  return aligned(range.base, range.prefix - 1);
}

function overlap(a: Range, b: Range): boolean {
  const prefix = Math.min(a.prefix, b.prefix);
  return aligned(a.base, prefix).base === aligned(b.base, prefix).base;
}

function format({ base, prefix }: Range): string {
  return `${[24, 16, 8, 0].map((shift) => Math.floor(base / 2 ** shift) % 256).join(".")}/${prefix}`;
}
