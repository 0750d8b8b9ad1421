import { ownBound, RuleCompiler, type RuleSchema } from "../../cel/index.ts";
import type { FieldError, FieldPath } from "../../meta/index.ts";
import { fieldError } from "../../meta/index.ts";
import type { JSONSchemaProps, ValidationRule } from "../../types/index.ts";
import { checkSupported } from "../field-checks.ts";
import { isFieldPath } from "./field-path.ts";
import { checkListType } from "./list-type.ts";
import { checkCost, RuleCosts } from "./rule-costs.ts";
import { childrenOf, isTrue, schemaIn } from "./schema-node.ts";

/** What a schema may say at all, at every place of it, whether it is structural or not. */

interface Place {
  readonly isRoot: boolean;
  /** In what is said of an object's metadata. */
  readonly isInMetadata: boolean;
  /** Why no default may stand here. */
  readonly defaultsForbidden?: string;
  /** Has the rules of the whole schema compiled by its types; made when the first rule is met. */
  readonly rules: () => RuleCompiler;
  /** Where values cannot be told to be the same as before: rules below may not name the old ones. */
  readonly uncorrelated?: FieldPath;
  readonly costs: RuleCosts;
  /** What is wrong with expressions: told after everything else. */
  readonly expressionErrors: FieldError[];
  /** How many values of the schema may be in one object, by the bounds of those around it; undefined without bounds. */
  readonly repeats: number | undefined;
}

const types = ["array", "boolean", "integer", "number", "object", "string"];
const unsupported = [
  "id",
  "additionalItems",
  "patternProperties",
  "definitions",
  "dependencies",
  "$ref",
] as const satisfies readonly (keyof JSONSchemaProps)[];

export function checkSchemaRules(schema: JSONSchemaProps, path: FieldPath, out: FieldError[]): void {
  let compiler: RuleCompiler | undefined;
  const rules = () => {
    compiler ??= new RuleCompiler(schema as RuleSchema);
    return compiler;
  };
  const costs = new RuleCosts();
  const expressionErrors: FieldError[] = [];
  checkAt(schema, { isRoot: true, isInMetadata: false, rules, costs, expressionErrors, repeats: 1 }, path, out);
  out.push(...expressionErrors);
  costs.checkTotal(path, out);
}

/** Whether the schema, or one below, has what no structural schema can have. */
export function isUnsupported(schema: JSONSchemaProps): boolean {
  if (unsupported.some((field) => schema[field] !== undefined) || Array.isArray(schema.items)) return true;
  for (const [, , child] of childrenOf(schema)) if (isUnsupported(child)) return true;
  return false;
}

function checkAt(schema: JSONSchemaProps, place: Place, path: FieldPath, out: FieldError[]): void {
  const before = out.length;
  checkStandard(schema, place, path, out);
  if (schema.uniqueItems) {
    const detail = "uniqueItems cannot be set to true since the runtime complexity becomes quadratic";
    out.push(fieldError.forbidden(path.child("uniqueItems"), detail));
  }
  const hasProperties = Object.keys(schema.properties ?? {}).length > 0;
  if (schema.additionalProperties !== undefined && schema.additionalProperties !== true && hasProperties) {
    const detail = "additionalProperties and properties are mutual exclusive";
    out.push(fieldError.forbidden(path.child("additionalProperties"), detail));
  }
  for (const [field, key, child] of childrenOf(schema)) {
    const parent = path.child(field);
    const at = typeof key === "number" ? parent.index(key) : key === undefined ? parent : parent.key(key);
    const below = { ...placeOf(schema, place, field, key), repeats: repeatsOf(schema, place, field) };
    const isPlainList = field === "items" && schema["x-kubernetes-list-type"] !== "map";
    checkAt(child, isPlainList ? { ...below, uncorrelated: path } : below, at, out);
  }
  checkExtensions(schema, path, out);
  const rules = schema["x-kubernetes-validations"] ?? [];
  const rulePath = (i: number) => path.child("x-kubernetes-validations").index(i);
  for (const [i, rule] of rules.entries()) checkRule(schema, rule, rulePath(i), out);
  // What a schema that is wrong would have its expressions told of misleads.
  if (out.length > before) return;
  for (const [i, rule] of rules.entries()) checkCompiles(schema, rule, place, rulePath(i), place.expressionErrors);
}

/** Lists and maps repeat what is in them. */
function repeatsOf(parent: JSONSchemaProps, { repeats }: Place, field: string): number | undefined {
  if (field !== "items" && field !== "additionalProperties") return repeats;
  const bound = ownBound(parent as RuleSchema);
  return bound === undefined || repeats === undefined ? undefined : bound * repeats;
}

function placeOf(parent: JSONSchemaProps, place: Place, field: string, key: string | number | undefined): Place {
  const below = { ...place, isRoot: false };
  if (field === "additionalProperties" && place.isInMetadata) {
    return { ...below, defaultsForbidden: "inside additionalProperties applying to object metadata" };
  }
  const isMeta = field === "properties" && (key === "metadata" || key === "apiVersion" || key === "kind");
  if (!isMeta || !(place.isRoot || isTrue(parent, "embedded-resource"))) return below;
  return { ...below, isInMetadata: true, ...(place.isRoot && { defaultsForbidden: `in top-level ${key}` }) };
}

function checkStandard(schema: JSONSchemaProps, place: Place, path: FieldPath, out: FieldError[]): void {
  if (schema.default !== undefined && place.defaultsForbidden) {
    out.push(fieldError.forbidden(path.child("default"), `must not be set ${place.defaultsForbidden}`));
  }
  for (const field of unsupported) {
    if (schema[field] !== undefined) out.push(fieldError.forbidden(path.child(field), `${field} is not supported`));
  }
  if (schema.type === "null") {
    const detail = "type cannot be set to null, use nullable as an alternative";
    out.push(fieldError.forbidden(path.child("type"), detail));
  }
  if (Array.isArray(schema.items)) {
    out.push(fieldError.forbidden(path.child("items"), "items must be a schema object and not an array"));
  }
  if (place.isInMetadata && isTrue(schema, "embedded-resource")) {
    const detail = "must not be used inside of resource meta";
    out.push(fieldError.forbidden(path.child("x-kubernetes-embedded-resource"), detail));
  }
  if (schema.type) checkSupported(schema.type, types, path.child("type"), out);
}

function checkExtensions(schema: JSONSchemaProps, path: FieldPath, out: FieldError[]): void {
  if (schema["x-kubernetes-preserve-unknown-fields"] === false) {
    const at = path.child("x-kubernetes-preserve-unknown-fields");
    out.push(fieldError.invalid(at, false, "must be true or undefined"));
  }
  const mapType = schema["x-kubernetes-map-type"];
  if (mapType !== undefined) {
    checkTypeFor(schema, "object", "x-kubernetes-map-type", path, out);
    checkSupported(mapType, ["atomic", "granular"], path.child("x-kubernetes-map-type"), out);
  }
  if (schema["x-kubernetes-list-type"] !== undefined) {
    checkTypeFor(schema, "array", "x-kubernetes-list-type", path, out);
  }
  checkListType(schema, schemaIn(schema.items), path, out);
}

function checkTypeFor(
  { type }: JSONSchemaProps,
  wanted: string,
  extension: string,
  path: FieldPath,
  out: FieldError[],
): void {
  if (type === wanted) return;
  const detail = `must be ${wanted} if ${extension} is specified`;
  const at = path.child("type");
  out.push(type ? fieldError.invalid(at, type, detail) : fieldError.required(at, detail));
}

const reasons = ["FieldValueDuplicate", "FieldValueForbidden", "FieldValueInvalid", "FieldValueRequired"];
const lineBreak = /[\r\n]/;

function checkCompiles(
  schema: JSONSchemaProps,
  rule: ValidationRule,
  place: Place,
  path: FieldPath,
  out: FieldError[],
): void {
  const { rule: expression = "", messageExpression = "" } = rule;
  const node = schema as RuleSchema;
  const compiler = place.rules();
  const isResource = place.isRoot || isTrue(schema, "embedded-resource");
  if (expression.trim() !== "") {
    const { error, program } = compiler.rule(node, isResource, expression, rule.optionalOldSelf);
    if (program !== undefined) {
      const cost = compiler.worstCost(node, isResource, program, place.repeats);
      checkCost("estimated rule cost", cost, path.child("rule"), out);
      place.costs.add(path.child("rule"), cost);
    }
    if (error !== undefined) out.push(fieldError.invalid(path.child("rule"), goRule(rule), error));
    else if (place.uncorrelated && /\boldSelf\b/.test(expression)) {
      const detail = `oldSelf cannot be used on the uncorrelatable portion of the schema within ${place.uncorrelated}`;
      out.push(fieldError.invalid(path.child("rule"), expression, detail));
    } else if (rule.optionalOldSelf !== undefined && !/\boldSelf\b/.test(expression)) {
      const detail = "may not be set if oldSelf is not used in rule";
      out.push(fieldError.invalid(path.child("optionalOldSelf"), rule.optionalOldSelf, detail));
    }
  }
  if (messageExpression.trim() !== "") {
    const { error, program } = compiler.message(node, isResource, messageExpression, rule.optionalOldSelf);
    if (program !== undefined) {
      const cost = compiler.worstCost(node, isResource, program, place.repeats);
      checkCost("estimated messageExpression cost", cost, path.child("messageExpression"), out);
      place.costs.add(path.child("messageExpression"), cost);
    }
    if (error !== undefined) out.push(fieldError.invalid(path.child("messageExpression"), goRule(rule), error));
  }
}

/** The rule with the names of the original's own fields. */
function goRule({ rule, message, messageExpression, reason, fieldPath, optionalOldSelf }: ValidationRule) {
  return {
    Rule: rule ?? "",
    Message: message ?? "",
    MessageExpression: messageExpression ?? "",
    Reason: reason ?? null,
    FieldPath: fieldPath ?? "",
    OptionalOldSelf: optionalOldSelf ?? null,
  };
}

function checkRule(schema: JSONSchemaProps, rule: ValidationRule, path: FieldPath, out: FieldError[]): void {
  const { rule: expression = "", message = "", messageExpression = "", reason, fieldPath = "" } = rule;
  const messagePath = path.child("message");
  if (expression.trim() === "") out.push(fieldError.required(path.child("rule"), "rule is not specified"));
  else if (message !== "" && message.trim() === "") {
    out.push(fieldError.invalid(messagePath, message, "message must be non-empty if specified"));
  } else if (lineBreak.test(message.trim())) {
    out.push(fieldError.invalid(messagePath, message, "message must not contain line breaks"));
  } else if (lineBreak.test(expression.trim()) && message.trim() === "") {
    out.push(fieldError.required(messagePath, "message must be specified if rule contains line breaks"));
  }
  if (messageExpression !== "" && messageExpression.trim() === "") {
    const detail = "messageExpression must be non-empty if specified";
    out.push(fieldError.required(path.child("messageExpression"), detail));
  }
  if (reason !== undefined) checkSupported(reason, reasons, path.child("reason"), out);
  if (fieldPath !== "" && fieldPath.trim() === "") {
    out.push(fieldError.invalid(path.child("fieldPath"), fieldPath, "fieldPath must be non-empty if specified"));
  }
  if (lineBreak.test(fieldPath)) {
    out.push(fieldError.invalid(path.child("fieldPath"), fieldPath, "fieldPath must not contain line breaks"));
  }
  if (fieldPath !== "" && !isFieldPath(schema, fieldPath)) {
    out.push(fieldError.invalid(path.child("fieldPath"), fieldPath, "fieldPath must be a valid path"));
  }
}
