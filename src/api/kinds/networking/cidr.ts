import { BlockList } from "node:net";
import { ipFamily } from "../../meta/index.ts";

/** Of two valid blocks: whether the first is smaller than the second and all in it. */
export function isStrictlyWithin(inner: string, outer: string): boolean {
  const a = split(inner);
  const b = split(outer);
  if (a.family !== b.family || a.length <= b.length) return false;
  const list = new BlockList();
  list.addSubnet(b.address, b.length, b.family);
  return list.check(a.address, a.family);
}

function split(cidr: string): { address: string; length: number; family: "ipv4" | "ipv6" } {
  const slash = cidr.lastIndexOf("/");
  const address = cidr.slice(0, slash);
  return { address, length: Number(cidr.slice(slash + 1)), family: ipFamily(address) === "IPv6" ? "ipv6" : "ipv4" };
}
