import {
  deepEqual,
  type FieldError,
  type FieldPath,
  fieldError,
  type JsonObject,
  type JsonValue,
} from "../meta/index.ts";
import { re2, re2Problem } from "../re2/index.ts";
import type { JSONSchemaProps } from "../types/index.ts";
import { isObject } from "./copy-on-write.ts";
import { formatCheck } from "./formats.ts";
import { Run } from "./run.ts";
import { schemaIn } from "./schema.ts";
import { checkType } from "./value-type.ts";

export interface SchemaValidator {
  /**
   * What is wrong with a value. What `old` had and the value still has, unchanged and at the same place, is not held
   * against it (ratcheting).
   */
  check(value: JsonValue, old?: JsonValue, base?: FieldPath): FieldError[];
}

export function compileValidator(schema: JSONSchemaProps): SchemaValidator {
  const node = compileNode(schema);
  return {
    check(value, old, base) {
      const run = new Run(base, old !== undefined);
      node(value, old, run);
      return run.errors;
    },
  };
}

/** Checks a value; the answer counts what was fine, by which the best of several branches is told. */
type Check = (value: JsonValue, old: JsonValue | undefined, run: Run) => number;

function compileNode(schema: JSONSchemaProps): Check {
  const checks: Check[] = [];
  const type = checkType(schema);
  const branches = compileBranches(schema);
  const text = compileText(schema);
  const numbers = compileNumbers(schema);
  const items = compileItems(schema);
  const allowed = compileEnum(schema);
  const members = compileMembers(schema);
  for (const check of [type, branches, text, numbers, items, allowed, members]) if (check) checks.push(check);
  const ofNull = [type, allowed].filter((check) => check !== undefined);
  return (value, old, run) => {
    const before = run.errors.length;
    let count = 1;
    for (const check of value === null ? ofNull : checks) count += 1 + check(value, old, run);
    if (run.errors.length > before && run.ratchets && old !== undefined && deepEqual(value, old)) {
      run.errors.length = before;
    }
    return count;
  };
}

/** What is no pattern judges nothing: definitions of today have none. */
function matches(pattern: string, text: string): boolean {
  return re2Problem(pattern) !== undefined || re2(pattern).test(text);
}

function compileText(schema: JSONSchemaProps): Check | undefined {
  const { minLength, maxLength, pattern, format } = schema;
  const ofFormat = format && (!schema.type || schema.type === "string") ? formatCheck(format) : undefined;
  if (minLength === undefined && maxLength === undefined && !pattern && !ofFormat) return undefined;
  return (value, _old, run) => {
    if (typeof value !== "string") return 0;
    const length = minLength === undefined && maxLength === undefined ? 0 : lengthOf(value);
    if (maxLength !== undefined && length > maxLength) {
      run.errors.push(fieldError.tooLong(run.field(), value, maxLength));
    } else if (minLength !== undefined && length < minLength) {
      run.invalid(value, `should be at least ${minLength} chars long`);
    } else if (pattern && !matches(pattern, value)) run.invalid(value, `should match '${pattern}'`);
    if (ofFormat && !ofFormat(value)) {
      const detail = `${run.name} in body must be of type ${format}: ${JSON.stringify(value)}`;
      run.errors.push(fieldError.typeInvalid(run.field(), value, detail));
    }
    return 1;
  };
}

function lengthOf(text: string): number {
  let length = 0;
  for (const _ of text) length++;
  return length;
}

function compileNumbers(schema: JSONSchemaProps): Check | undefined {
  const { minimum, maximum, exclusiveMinimum, exclusiveMaximum, multipleOf } = schema;
  const range = rangeOf(schema);
  if (minimum === undefined && maximum === undefined && multipleOf === undefined && !range) return undefined;
  return (value, _old, run) => {
    if (typeof value !== "number") return 0;
    if (range && (value < range[0] || value > range[1])) {
      const text = `Checked value must be of type ${schema.type} with format ${schema.format} in ${run.name}`;
      run.errors.push(fieldError.invalid(run.rootField, "", text));
    }
    if (multipleOf !== undefined && !isMultiple(value, multipleOf))
      run.invalid(value, `should be a multiple of ${multipleOf}`);
    if (maximum !== undefined && (exclusiveMaximum ? value >= maximum : value > maximum)) {
      run.invalid(
        value,
        exclusiveMaximum ? `should be less than ${maximum}` : `should be less than or equal to ${maximum}`,
      );
    }
    if (minimum !== undefined && (exclusiveMinimum ? value <= minimum : value < minimum)) {
      const what = exclusiveMinimum ? "greater than" : "greater than or equal to";
      run.invalid(value, `should be ${what} ${minimum}`);
    }
    return 1;
  };
}

function rangeOf({ type, format }: JSONSchemaProps): readonly [number, number] | undefined {
  return type === "integer" && format === "int32" ? [-(2 ** 31), 2 ** 31 - 1] : undefined;
}

function isMultiple(value: number, of: number): boolean {
  return of > 0 && Number.isInteger(value / of);
}

function compileEnum(schema: JSONSchemaProps): Check | undefined {
  const allowed = schema.enum;
  if (allowed === undefined || allowed.length === 0) return undefined;
  const simple = new Set<JsonValue>(allowed.filter((one) => typeof one !== "object" || one === null));
  const deep = allowed.filter((one) => typeof one === "object" && one !== null);
  const shown = allowed.map((one) => (typeof one === "string" ? one : JSON.stringify(one)));
  return (value, _old, run) => {
    if (simple.has(value) || deep.some((one) => deepEqual(one, value))) return 0;
    run.errors.push(fieldError.notSupported(run.field(), value, shown));
    return 0;
  };
}

function compileItems(schema: JSONSchemaProps): Check | undefined {
  const { minItems, maxItems } = schema;
  const itemSchema = schemaIn(schema.items);
  if (minItems === undefined && maxItems === undefined && itemSchema === undefined) return undefined;
  const check = itemSchema && compileNode(itemSchema);
  const correlate = correlation(schema);
  return (value, old, run) => {
    if (!Array.isArray(value)) return 0;
    let count = 1;
    if (check !== undefined) {
      const oldItem = run.ratchets && Array.isArray(old) ? correlate(old) : undefined;
      for (const [i, item] of value.entries()) {
        run.steps.push(i);
        count += check(item, oldItem?.(item), run);
        run.steps.pop();
      }
    }
    if (minItems !== undefined && value.length < minItems) {
      run.invalid(value.length, `should have at least ${minItems} items`);
    }
    if (maxItems !== undefined && value.length > maxItems) {
      run.errors.push(fieldError.tooMany(run.field(), value.length, maxItems));
    }
    return count;
  };
}

/** Which old item a new one follows: in list maps that of the same keys, in sets the same, else none. */
function correlation(
  schema: JSONSchemaProps,
): (old: JsonValue[]) => ((item: JsonValue) => JsonValue | undefined) | undefined {
  const keys = schema["x-kubernetes-list-map-keys"] ?? [];
  const listType = schema["x-kubernetes-list-type"];
  if (listType !== "map" && listType !== "set") return () => undefined;
  const idOf = (item: JsonValue) =>
    listType === "set"
      ? JSON.stringify(item)
      : isObject(item)
        ? JSON.stringify(keys.map((key) => item[key] ?? null))
        : "";
  return (old) => {
    const byId = new Map(old.map((item) => [idOf(item), item]));
    return (item) => byId.get(idOf(item));
  };
}

function compileMembers(schema: JSONSchemaProps): Check | undefined {
  const { minProperties, maxProperties, required = [] } = schema;
  const additional = schemaIn(schema.additionalProperties);
  const others = additional && compileNode(additional);
  const properties = new Map(Object.entries(schema.properties ?? {}).map(([name, one]) => [name, compileNode(one)]));
  // What has a default is never missing.
  const needed = required.filter((name) => schema.properties?.[name]?.default === undefined);
  if (minProperties === undefined && maxProperties === undefined && !others && !properties.size && !needed.length) {
    return undefined;
  }
  return (value, old, run) => {
    if (!isObject(value)) return 0;
    const size = minProperties === undefined && maxProperties === undefined ? 0 : Object.keys(value).length;
    if (minProperties !== undefined && size < minProperties) {
      run.invalid(size, `should have at least ${minProperties} properties`);
      return 0;
    }
    if (maxProperties !== undefined && size > maxProperties) {
      run.errors.push(fieldError.tooMany(run.field(), size, maxProperties));
      return 0;
    }
    let count = 0;
    const before = isObject(old) ? old : undefined;
    for (const key in value) {
      const check = properties.get(key) ?? others;
      if (check === undefined) continue;
      run.steps.push(key);
      count += check(value[key] as JsonValue, ownMember(before, key), run);
      run.steps.pop();
    }
    for (const name of needed) {
      if (!Object.hasOwn(value, name)) run.errors.push(fieldError.required(run.field(name), ""));
    }
    return count;
  };
}

function ownMember(object: JsonObject | undefined, key: string): JsonValue | undefined {
  return object !== undefined && Object.hasOwn(object, key) ? object[key] : undefined;
}

/** What several schemas say of one value: all, any, exactly one, none of them. */
function compileBranches(schema: JSONSchemaProps): Check | undefined {
  const anyOf = schema.anyOf?.map(compileNode) ?? [];
  const oneOf = schema.oneOf?.map(compileNode) ?? [];
  const allOf = schema.allOf?.map(compileNode) ?? [];
  const not = schema.not && compileNode(schema.not);
  if (anyOf.length + oneOf.length + allOf.length === 0 && not === undefined) return undefined;
  return (value, _old, run) => {
    let count = 1;
    if (anyOf.length > 0) {
      const tried = tryBranches(anyOf, value, run, true);
      if (tried.valid === 0) {
        fail(run, "must validate at least one schema (anyOf)");
        run.errors.push(...tried.best);
      }
      count += tried.count;
    }
    if (oneOf.length > 0) {
      const { valid, best, count: counted } = tryBranches(oneOf, value, run, false);
      if (valid !== 1) {
        const found = valid === 0 ? "Found none valid" : `Found ${valid} valid alternatives`;
        fail(run, `must validate one and only one schema (oneOf). ${found}`);
        if (valid === 0) run.errors.push(...best);
      }
      count += counted;
    }
    count += checkAll(allOf, value, run);
    if (not !== undefined && tryBranch(not, value, run).errors.length === 0) {
      fail(run, "must not validate the schema (not)");
    }
    return count;
  };
}

function checkAll(allOf: readonly Check[], value: JsonValue, run: Run): number {
  let count = 0;
  let valid = 0;
  for (const check of allOf) {
    const tried = tryBranch(check, value, run);
    if (tried.errors.length === 0) valid++;
    run.errors.push(...tried.errors);
    count += tried.count;
  }
  if (valid < allOf.length) {
    fail(run, `must validate all the schemas (allOf)${valid === 0 ? ". None validated" : ""}`);
  }
  return count;
}

/** The original tells these without a place. */
function fail(run: Run, what: string): void {
  run.errors.push(fieldError.invalid(run.rootField, "", `${JSON.stringify(run.name)} ${what}`));
}

interface Tried {
  readonly errors: FieldError[];
  readonly count: number;
}

function tryBranch(check: Check, value: JsonValue, run: Run): Tried {
  const { errors } = run;
  run.errors = [];
  const count = check(value, undefined, run);
  const found = run.errors;
  run.errors = errors;
  return { errors: found, count };
}

/** How many of the branches a value fits, and what is wrong with it in the one that it fits best. */
function tryBranches(
  branches: readonly Check[],
  value: JsonValue,
  run: Run,
  stopsAtFirst: boolean,
): { valid: number; best: readonly FieldError[]; count: number } {
  let valid = 0;
  let best: Tried | undefined;
  let count = 0;
  for (const branch of branches) {
    const tried = tryBranch(branch, value, run);
    if (tried.errors.length === 0) {
      valid++;
      count = tried.count;
      if (stopsAtFirst) break;
    } else if (best === undefined || tried.count > best.count) best = tried;
  }
  return { valid, best: best?.errors ?? [], count };
}
