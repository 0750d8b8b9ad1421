import type { FieldError, FieldPath } from "../../meta/index.ts";
import { fieldError, isCIdentifier } from "../../meta/index.ts";
import { checkDNSSubdomain, checkWith } from "../field-checks.ts";
import { checkDriverName } from "../storage/driver-name.ts";
import { limits } from "./limits.ts";

/** Segments that are domains, with slashes between. */
export function checkPoolName(name: string | undefined, path: FieldPath, out: FieldError[]): void {
  if (!name) {
    out.push(fieldError.required(path, ""));
    return;
  }
  if (Buffer.byteLength(name) > limits.poolNameBytes) out.push(fieldError.tooLong(path, name, limits.poolNameBytes));
  for (const part of name.split("/")) checkDNSSubdomain(part, path, out);
}

/** Of an attribute or a capacity: an identifier, maybe in a driver's domain. */
export function checkDeviceQualifiedName(name: string, path: FieldPath, out: FieldError[]): void {
  const [first = "", second, ...more] = name.split("/");
  if (more.length > 0) {
    out.push(fieldError.invalid(path, name, "must not contain more than one slash"));
    return;
  }
  if (second === undefined) {
    checkIdentifier(first, path, out);
    return;
  }
  if (first === "") out.push(fieldError.invalid(path, "", "the domain must not be empty"));
  else checkDriverName(first, path, out);
  if (second === "") out.push(fieldError.invalid(path, "", "the name must not be empty"));
  else checkIdentifier(second, path, out);
}

export function checkFullyQualifiedName(name: string, path: FieldPath, out: FieldError[]): void {
  checkDeviceQualifiedName(name, path, out);
  if (name.includes("/")) return;
  const detail = "a fully qualified name must be a domain and a name separated by a slash";
  out.push(fieldError.invalid(path, name, detail));
}

function checkIdentifier(name: string, path: FieldPath, out: FieldError[]): void {
  if (Buffer.byteLength(name) > limits.identifierBytes) {
    out.push(fieldError.tooLong(path, name, limits.identifierBytes));
  }
  checkWith(isCIdentifier(name), name, path, out);
}

const uid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

export function checkUID(text: string, path: FieldPath, out: FieldError[]): void {
  if (uid.test(text)) return;
  const detail = uid.test(text.toLowerCase())
    ? "uid must be in RFC 4122 normalized form, `xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx` with lowercase hexadecimal characters"
    : `error validating uid: ${text.length === 36 ? "invalid UUID format" : `invalid UUID length: ${text.length}`}`;
  out.push(fieldError.invalid(path, text, detail));
}
