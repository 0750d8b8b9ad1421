/** The first address that services may have: the network's own is left out. `10.96.0.0/16` gives `10.96.0.1`. */
export function firstAddress(cidr: string): string {
  const [network = "", prefix = "32"] = cidr.split("/");
  const bits = network.split(".").reduce((value, part) => value * 256 + Number(part), 0);
  const size = 2 ** (32 - Number(prefix));
  const first = Math.floor(bits / size) * size + 1;
  return [24, 16, 8, 0].map((shift) => Math.floor(first / 2 ** shift) % 256).join(".");
}
