import { isIP } from "node:net";
import { networkInterfaces } from "node:os";

/**
 * What the kubernetes service tells as the API server's address: the bind address, or for loopback and "all addresses" the
 * first address of the machine that others could use, as the original chooses it. Undefined when there is none.
 */
export function advertiseAddress(bindAddress: string): string | undefined {
  const usable = isIP(bindAddress) !== 0 && !/^(127\.|0\.0\.0\.0$|::1?$)/.test(bindAddress);
  if (usable) return bindAddress;
  const addresses = Object.values(networkInterfaces()).flatMap((list) => list ?? []);
  return addresses.find((address) => address.family === "IPv4" && !address.internal)?.address;
}
