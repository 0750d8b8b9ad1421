import type { FieldError, FieldPath } from "../../meta/index.ts";
import { fieldError, isDNS1123Subdomain } from "../../meta/index.ts";
import { checkWith } from "../field-checks.ts";

const lengthMax = 63;

/** Names of drivers may have upper case. */
export function checkDriverName(name: string | undefined, path: FieldPath, out: FieldError[]): void {
  if (!name) {
    out.push(fieldError.required(path, ""));
    return;
  }
  if (name.length > lengthMax) out.push(fieldError.tooLong(path, name, lengthMax));
  checkWith(isDNS1123Subdomain(name.toLowerCase()), name, path, out);
}
