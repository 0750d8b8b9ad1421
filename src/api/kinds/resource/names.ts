import type { FieldError, FieldPath } from "../../meta/index.ts";
import { fieldError, isDNS1123Subdomain } from "../../meta/index.ts";
import { checkWith } from "../field-checks.ts";

const driverLengthMax = 63;
const poolLengthMax = 253;

export function checkDriverName(name: string | undefined, path: FieldPath, out: FieldError[]): void {
  if (!name) {
    out.push(fieldError.required(path, ""));
    return;
  }
  if (name.length > driverLengthMax) out.push(fieldError.tooLong(path, name, driverLengthMax));
  checkWith(isDNS1123Subdomain(name.toLowerCase()), name, path, out);
}

/** One or more subdomains with slashes between them. */
export function checkPoolName(name: string | undefined, path: FieldPath, out: FieldError[]): void {
  if (!name) {
    out.push(fieldError.required(path, ""));
    return;
  }
  if (name.length > poolLengthMax) out.push(fieldError.tooLong(path, name, poolLengthMax));
  for (const part of name.split("/")) checkWith(isDNS1123Subdomain(part), part, path, out);
}
