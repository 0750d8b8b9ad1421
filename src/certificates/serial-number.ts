import type { Host } from "../host/index.ts";

/** Of a certificate: a positive 127-bit number in hexadecimal. */
export function serialNumber(host: Host): string {
  const bytes = Buffer.from(host.random.bytes(16));
  bytes[0] = ((bytes[0] ?? 0) & 0x7f) | 0x40;
  return bytes.toString("hex");
}
