import type { FieldError, FieldPath } from "../../meta/index.ts";
import { fieldError, isCIdentifier, isDNS1123Label, isDNS1123Subdomain } from "../../meta/index.ts";
import type { Device, DeviceAttribute } from "../../types/index.ts";
import { checkWith } from "../field-checks.ts";

const attributesMax = 32;
const valueLengthMax = 64;
const domainLengthMax = 63;
const identifierLengthMax = 32;

export function checkDevice(device: Device, path: FieldPath, out: FieldError[]): void {
  checkWith(isDNS1123Label(device.name ?? ""), device.name ?? "", path.child("name"), out);
  const attributes = Object.entries(device.attributes ?? {});
  const capacities = Object.keys(device.capacity ?? {});
  if (attributes.length + capacities.length > attributesMax) {
    const detail = `the total number of attributes and capacities must not exceed ${attributesMax}`;
    out.push(fieldError.invalid(path, attributes.length + capacities.length, detail));
  }
  for (const [name, attribute] of attributes) {
    const at = path.child("attributes").key(name);
    checkQualified(name, at, out);
    checkAttribute(attribute, at, out);
  }
  for (const name of capacities) checkQualified(name, path.child("capacity").key(name), out);
}

/** `domain/identifier`, or an identifier in the driver's own domain. */
function checkQualified(name: string, path: FieldPath, out: FieldError[]): void {
  if (name === "") {
    out.push(fieldError.required(path, "name required"));
    return;
  }
  const [first = "", second, ...more] = name.split("/");
  if (more.length > 0) {
    out.push(fieldError.invalid(path, name, "must consist of a domain and a C identifier"));
    return;
  }
  const identifier = second ?? first;
  if (second !== undefined) {
    if (first === "") out.push(fieldError.invalid(path, "", "the domain must not be empty"));
    else {
      if (first.length > domainLengthMax) out.push(fieldError.tooLong(path, first, domainLengthMax));
      checkWith(isDNS1123Subdomain(first), first, path, out);
    }
  }
  if (identifier === "") out.push(fieldError.invalid(path, "", "the name must not be empty"));
  else {
    if (identifier.length > identifierLengthMax) out.push(fieldError.tooLong(path, identifier, identifierLengthMax));
    checkWith(isCIdentifier(identifier), identifier, path, out);
  }
}

const valueFields = ["bool", "bools", "int", "ints", "string", "strings", "version", "versions"] as const;
const semver =
  /^(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(-[0-9A-Za-z-]+(\.[0-9A-Za-z-]+)*)?(\+[0-9A-Za-z-]+(\.[0-9A-Za-z-]+)*)?$/;

function checkAttribute(attribute: DeviceAttribute, path: FieldPath, out: FieldError[]): void {
  const { string, version } = attribute;
  if (string !== undefined && Buffer.byteLength(string) > valueLengthMax) {
    out.push(fieldError.tooLong(path.child("string"), string, valueLengthMax));
  }
  if (version !== undefined) {
    if (!semver.test(version)) {
      const detail = "must be a string compatible with semver.org spec 2.0.0";
      out.push(fieldError.invalid(path.child("version"), version, detail));
    }
    if (version.length > valueLengthMax) out.push(fieldError.tooLong(path.child("version"), version, valueLengthMax));
  }
  const count = valueFields.filter((field) => attribute[field] !== undefined).length;
  if (count !== 1) {
    const shown = count === 0 ? "" : attribute;
    out.push(fieldError.invalid(path, shown, "exactly one value must be specified"));
  }
}
