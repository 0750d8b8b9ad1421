import type { FieldError } from "../../meta/index.ts";
import { fieldError, ipFamily, isCIDR, root } from "../../meta/index.ts";
import { givenValue } from "../../schema/index.ts";
import type { ServiceCIDR } from "../../types/index.ts";
import { checkWith, fieldIsImmutable } from "../field-checks.ts";
import type { KindStrategy } from "../generic.ts";
import { ageColumn, ageOf, nameColumn, nameOf, text } from "../table/cells.ts";

/** One for each address family. */
const cidrsMax = 2;
const cidrsPath = root("spec", "cidrs");

export const serviceCIDRStrategy: KindStrategy = {
  validate: (range: ServiceCIDR) => checkCIDRs(range),
  validateUpdate: (range: ServiceCIDR, old: ServiceCIDR) => checkUpdate(range, old),
  table: {
    columns: [nameColumn, text("CIDRs"), ageColumn],
    cells: (range: ServiceCIDR, now) => [nameOf(range), (range.spec?.cidrs ?? []).join(","), ageOf(range, now)],
  },
};

function checkCIDRs({ spec }: ServiceCIDR): FieldError[] {
  const out: FieldError[] = [];
  const cidrs = spec?.cidrs ?? [];
  if (cidrs.length === 0) out.push(fieldError.required(cidrsPath, "at least one CIDR required"));
  if (cidrs.length > cidrsMax) out.push(fieldError.invalid(cidrsPath, cidrs, "may only hold up to 2 values"));
  else if (cidrs.length === cidrsMax && !areTwoFamilies(cidrs)) {
    const example = "192.168.0.0/24 and 2001:db8::/64";
    const detail = `may specify no more than one IP for each IP family, i.e ${example}`;
    out.push(fieldError.invalid(cidrsPath, cidrs, detail));
  }
  for (const [i, cidr] of cidrs.entries()) checkWith(isCIDR(cidr), cidr, cidrsPath.index(i), out);
  return out;
}

function areTwoFamilies(cidrs: readonly string[]): boolean {
  const families = cidrs.map((cidr) => ipFamily(cidr.slice(0, cidr.lastIndexOf("/"))));
  return families[0] !== families[1] && !families.includes(undefined);
}

/** A second family may be added, nothing else. */
function checkUpdate(range: ServiceCIDR, old: ServiceCIDR): FieldError[] {
  const out: FieldError[] = [];
  const cidrs = range.spec?.cidrs ?? [];
  const before = old.spec?.cidrs ?? [];
  if (cidrs.length < before.length || (before.length !== 1 && cidrs.length !== before.length)) {
    out.push(fieldError.invalid(cidrsPath, givenValue(range.spec, "cidrs"), fieldIsImmutable));
    return out;
  }
  for (const [i, cidr] of before.entries()) {
    if (cidrs[i] !== cidr) out.push(fieldError.invalid(cidrsPath.index(i), cidrs[i], fieldIsImmutable));
  }
  if (cidrs.length > before.length) out.push(...checkCIDRs(range));
  return out;
}
