import { type IPFamily, parseIPAddress } from "../../api/meta/index.ts";

/** Addresses that share their first bits. */
export interface Range {
  readonly family: IPFamily;
  readonly prefix: bigint;
  /** Bits that are free. */
  readonly freeBits: bigint;
}

/** Of a text such as 10.96.0.0/16; undefined for what is none. */
export function rangeOf(text: string): Range | undefined {
  const [address = "", bits = ""] = text.split("/");
  const parsed = parseIPAddress(address);
  if (parsed === undefined || !/^\d{1,3}$/.test(bits)) return undefined;
  const freeBits = BigInt((parsed.family === "IPv4" ? 32 : 128) - Number(bits));
  return freeBits < 0n ? undefined : { family: parsed.family, prefix: parsed.value >> freeBits, freeBits };
}

export function contains({ family, prefix, freeBits }: Range, address: string): boolean {
  const parsed = parseIPAddress(address);
  return parsed !== undefined && parsed.family === family && parsed.value >> freeBits === prefix;
}
