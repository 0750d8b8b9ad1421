import { isIPv4 } from "node:net";

/** Whether a name of a certificate is an address: no DNS name has a colon, and the pattern of IPv6 is slow to compile. */
export function isAddress(name: string): boolean {
  return name.includes(":") || isIPv4(name);
}
