/** An IPv4 network as numbers, so that addresses can be drawn and compared. */
export interface IPRange {
  readonly cidr: string;
  /** The network's own address, which nobody gets. */
  readonly base: number;
  /** How many addresses there are, the network's and the broadcast address included. */
  readonly size: number;
}

/** @throws Error for anything but an IPv4 network with room for services. */
export function parseIPRange(cidr: string): IPRange {
  const [address = "", bits = ""] = cidr.split("/");
  const number = parseIPv4(address);
  const prefix = Number(bits);
  if (number === undefined || !/^\d+$/.test(bits) || prefix > 30 || prefix < 8) {
    throw new Error(`the service cluster IP range ${cidr} is no IPv4 network between /8 and /30`);
  }
  const size = 2 ** (32 - prefix);
  const base = Math.floor(number / size) * size;
  return { cidr: `${formatIPv4(base)}/${prefix}`, base, size };
}

export function parseIPv4(text: string): number | undefined {
  const parts = text.split(".");
  if (parts.length !== 4) return undefined;
  let number = 0;
  for (const part of parts) {
    if (!/^(0|[1-9]\d{0,2})$/.test(part) || Number(part) > 255) return undefined;
    number = number * 256 + Number(part);
  }
  return number;
}

export function formatIPv4(address: number): string {
  return [24, 16, 8, 0].map((shift) => Math.floor(address / 2 ** shift) % 256).join(".");
}

/** Whether services may have the address: not the network's own, not the broadcast address. */
export function isAssignable(range: IPRange, address: number): boolean {
  return address > range.base && address < range.base + range.size - 1;
}

/** The first address that services may have: the one of `kubernetes`. */
export function firstServiceIP(cidr: string): string {
  return formatIPv4(parseIPRange(cidr).base + 1);
}
