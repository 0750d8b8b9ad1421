import type { FieldError, FieldPath } from "../../meta/index.ts";
import { compareQuantity, fieldError, isQualifiedName, parseQuantity, quantitySign, root } from "../../meta/index.ts";
import type { LimitRange, LimitRangeItem } from "../../types/index.ts";
import { checkWith } from "../field-checks.ts";
import type { KindStrategy } from "../generic.ts";
import { checkContainerResourceName, checkResourceName } from "../podspec/resources.ts";
import { isOvercommitAllowed } from "../resource-names.ts";

export const limitRangeStrategy: KindStrategy = {
  applyDefaults(range: LimitRange) {
    for (const item of range.spec?.limits ?? []) if (item.type === "Container") defaultContainerLimits(item);
  },
  prepareForCreate(range: LimitRange) {
    range.metadata.name ||= range.metadata.uid; // alone of all kinds it needs no name
    if (range.spec?.limits?.length === 0) Object.assign(range.spec, { limits: null });
  },
  validate(range: LimitRange) {
    const out: FieldError[] = [];
    const types = new Set<string>();
    for (const [i, item] of (range.spec?.limits ?? []).entries()) {
      checkItem(item, types, root("spec", "limits").index(i), out);
    }
    return out;
  },
};

/** A container's limit is what is the most unless said otherwise; its request its limit, else what is the least. */
function defaultContainerLimits(item: LimitRangeItem): void {
  if (item.max) item.default = { ...item.max, ...item.default };
  if (item.default) item.defaultRequest = { ...item.default, ...item.defaultRequest };
  if (item.min) item.defaultRequest = { ...item.min, ...item.defaultRequest };
}

type Amounts = Readonly<Record<string, string>>;
const amountFields = ["max", "min", "default", "defaultRequest", "maxLimitRequestRatio"] as const;

function checkItem(item: LimitRangeItem, types: Set<string>, path: FieldPath, out: FieldError[]): void {
  const type = item.type ?? "";
  checkType(type, path.child("type"), out);
  if (types.has(type)) out.push(fieldError.duplicate(path.child("type"), type));
  types.add(type);
  const names = new Set<string>();
  for (const field of ["max", "min"] as const) checkNames(item[field], type, path.child(field), names, out);
  if (type === "Pod") {
    for (const field of ["default", "defaultRequest"] as const) {
      if (Object.keys(item[field] ?? {}).length === 0) continue;
      out.push(fieldError.forbidden(path.child(field), "may not be specified when `type` is 'Pod'"));
    }
  } else {
    for (const field of ["default", "defaultRequest"] as const) {
      checkNames(item[field], type, path.child(field), names, out);
    }
  }
  checkNames(item.maxLimitRequestRatio, type, path.child("maxLimitRequestRatio"), names, out);
  if (type === "PersistentVolumeClaim" && item.min?.storage === undefined && item.max?.storage === undefined) {
    const detail = "either minimum or maximum storage value is required, but neither was provided";
    out.push(fieldError.required(path.child("limits"), detail));
  }
  for (const name of names) checkAmounts(item, name, path, out);
}

const knownTypes: ReadonlySet<string> = new Set(["Pod", "Container", "PersistentVolumeClaim"]);

function checkType(type: string, path: FieldPath, out: FieldError[]): void {
  const messages = isQualifiedName(type);
  checkWith(messages, type, path, out);
  if (messages.length === 0 && !type.includes("/") && !knownTypes.has(type)) {
    out.push(fieldError.invalid(path, type, "must be a standard limit type or fully qualified"));
  }
}

function checkNames(
  amounts: Amounts | undefined,
  type: string,
  path: FieldPath,
  names: Set<string>,
  out: FieldError[],
): void {
  for (const name of Object.keys(amounts ?? {})) {
    if (type === "Pod" || type === "Container") checkContainerResourceName(name, path.key(name), out);
    else checkResourceName(name, path.key(name), out);
    names.add(name);
  }
}

/** The least, what is given by default, and the most must come in this order. */
function checkAmounts(item: LimitRangeItem, name: string, path: FieldPath, out: FieldError[]): void {
  const [max, min, limit, request, ratio] = amountFields.map((field) => own(item[field], name));
  const check = (above: boolean, field: string, shown: string | undefined, detail: string) => {
    if (above) out.push(fieldError.invalid(path.child(field).key(name), shown, detail));
  };
  check(more(min, max), "min", min, `min value ${min} is greater than max value ${max}`);
  check(
    more(min, request),
    "defaultRequest",
    request,
    `min value ${min} is greater than default request value ${request}`,
  );
  check(
    more(request, max),
    "defaultRequest",
    request,
    `default request value ${request} is greater than max value ${max}`,
  );
  check(
    more(request, limit),
    "defaultRequest",
    request,
    `default request value ${request} is greater than default limit value ${limit}`,
  );
  check(more(min, limit), "default", min, `min value ${min} is greater than default value ${limit}`);
  check(more(limit, max), "default", max, `default value ${limit} is greater than max value ${max}`);
  checkRatio(name, ratio, max, min, path, out);
  if (!isOvercommitAllowed(name) && (limit !== undefined || request !== undefined) && limit !== request) {
    const detail = `default value ${limit} must equal to defaultRequest value ${request} in ${name}`;
    out.push(fieldError.invalid(path.child("defaultRequest").key(name), request, detail));
  }
}

/** Names come from clients: one of them may be that of what all objects inherit. */
function own(amounts: Amounts | undefined, name: string): string | undefined {
  return amounts !== undefined && Object.hasOwn(amounts, name) ? amounts[name] : undefined;
}

function more(a: string | undefined, b: string | undefined): boolean {
  return a !== undefined && b !== undefined && compareQuantity(parseQuantity(a), parseQuantity(b)) > 0;
}

function checkRatio(
  name: string,
  ratio: string | undefined,
  max: string | undefined,
  min: string | undefined,
  path: FieldPath,
  out: FieldError[],
): void {
  if (ratio === undefined) return;
  const at = path.child("maxLimitRequestRatio").key(name);
  const asked = parseQuantity(ratio);
  if (compareQuantity(asked, parseQuantity("1")) < 0) {
    out.push(fieldError.invalid(at, ratio, `ratio ${ratio} is less than 1`));
  }
  if (max === undefined || min === undefined) return;
  const least = parseQuantity(min);
  if (quantitySign(least) <= 0) return;
  const limit = Number(parseQuantity(max).nano) / Number(least.nano);
  if (Number(asked.nano) / 1e9 > limit) {
    const detail = `ratio ${ratio} is greater than max/min = ${limit.toFixed(6)}`;
    out.push(fieldError.invalid(at, ratio, detail));
  }
}
