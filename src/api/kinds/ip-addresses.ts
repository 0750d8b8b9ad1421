import { isIP } from "node:net";
import type { FieldError, FieldPath } from "../meta/index.ts";
import { fieldError } from "../meta/index.ts";

/** Refuses addresses that no packet of another machine reaches: unspecified, loopback, link-local. */
export function checkReachableIP(ip: string, path: FieldPath, out: FieldError[]): void {
  const family = isIP(ip);
  if (family === 0) {
    out.push(fieldError.invalid(path, ip, "must be a valid IP address"));
    return;
  }
  const refuse = (detail: string) => out.push(fieldError.invalid(path, ip, detail));
  if (ip === "0.0.0.0" || ip === "::") refuse(`may not be unspecified (${ip})`);
  if (ip.startsWith("127.") || ip === "::1") refuse("may not be in the loopback range (127.0.0.0/8, ::1/128)");
  if (ip.startsWith("169.254.") || /^fe[89ab]/i.test(ip)) {
    refuse("may not be in the link-local range (169.254.0.0/16, fe80::/10)");
  }
  if (ip.startsWith("224.0.0.") || /^ff02:/i.test(ip)) {
    refuse("may not be in the link-local multicast range (224.0.0.0/24, ff02::/10)");
  }
}
