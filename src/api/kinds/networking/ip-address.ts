import type { FieldError } from "../../meta/index.ts";
import { fieldError, isPathSegmentName, isValidIP, root } from "../../meta/index.ts";
import type { IPAddress } from "../../types/index.ts";
import { checkDNSSubdomain, checkImmutable, checkWith } from "../field-checks.ts";
import type { KindStrategy } from "../generic.ts";
import { goValue } from "../go-value.ts";
import { ageOf, nameColumn, nameOf, none, text } from "../table/cells.ts";
import { checkSegment } from "./ingress.ts";

const parentPath = root("spec", "parentRef");

export const ipAddressStrategy: KindStrategy = {
  validateName: (name) => [...isValidIP(name), ...notCanonical(name)],
  validate: (address: IPAddress) => checkParent(address),
  validateUpdate(address: IPAddress, old: IPAddress) {
    const out = checkParent(address);
    const { parentRef } = address.spec ?? {};
    const shown = goValue(parentRef, "io.k8s.api.networking.v1.ParentReference");
    checkImmutable(parentRef, old.spec?.parentRef, parentPath, out, shown);
    return out;
  },
  table: {
    columns: [nameColumn, text("ParentRef")],
    // The original writes the age without a column for it.
    cells: (address: IPAddress, now) => [nameOf(address), parentText(address), ageOf(address, now)],
  },
};

/** One address has one name. */
function notCanonical(name: string): string[] {
  if (isValidIP(name).length > 0 || !name.includes(":")) return [];
  const canonical = new URL(`http://[${name}]/`).hostname.slice(1, -1);
  return canonical === name ? [] : [`must be in canonical form (${JSON.stringify(canonical)})`];
}

function parentText({ spec }: IPAddress): string {
  const parent = spec?.parentRef;
  if (!parent) return none;
  const resource = parent.group ? `${parent.resource}.${parent.group}` : parent.resource;
  return [resource.toLowerCase(), parent.namespace, parent.name].filter(Boolean).join("/");
}

function checkParent({ spec }: IPAddress): FieldError[] {
  const parent = spec?.parentRef;
  if (!parent) return [fieldError.required(parentPath, "")];
  const out: FieldError[] = [];
  if (parent.group) checkDNSSubdomain(parent.group, parentPath.child("group"), out);
  checkSegment(parent.resource, parentPath.child("resource"), out);
  checkSegment(parent.name, parentPath.child("name"), out);
  const { namespace } = parent;
  if (namespace) checkWith(isPathSegmentName(namespace), namespace, parentPath.child("namespace"), out);
  return out;
}
