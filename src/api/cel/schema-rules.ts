import { deepEqual, type FieldError, type FieldPath, fieldError } from "../meta/index.ts";
import { CostBudget, OutOfBudgetError } from "./cost/index.ts";
import { library } from "./library.ts";
import { limits } from "./limits.ts";
import { ExpressionError, type Program } from "./program.ts";
import { RuleCompiler } from "./rule.ts";
import { type NodeType, type RuleSchema, type SchemaRule, schemaIn } from "./schema-types.ts";

/** What x-kubernetes-validations say of values of a schema. */
export interface SchemaRules {
  /**
   * @param old undefined for a new object: rules over oldSelf are then left out, unless they take it as optional. Of what is
   * as it was, other rules are not held against it.
   */
  check(value: unknown, old: unknown, path: FieldPath): FieldError[];
}

interface CompiledRule {
  readonly rule: SchemaRule;
  readonly program: Program;
  readonly message?: Program;
  readonly usesOldSelf: boolean;
}

interface Node {
  readonly schema: RuleSchema;
  readonly type: NodeType;
  readonly rules: readonly CompiledRule[];
  readonly properties: ReadonlyMap<string, Node>;
  readonly each?: Node;
}

/** Undefined when the schema has no rules at all. Rules that do not compile are left out: the definition was refused. */
export function compileSchemaRules(schema: RuleSchema): SchemaRules | undefined {
  if (!JSON.stringify(schema).includes('"x-kubernetes-validations"')) return undefined;
  const compiler = new RuleCompiler(schema);
  const root = nodeOf(compiler, schema, true);
  if (root === undefined) return undefined;
  return {
    check(value, old, path) {
      const out: FieldError[] = [];
      checkNode(root, value, old, path, { out, budget: new CostBudget(limits.budget) });
      return out;
    },
  };
}

/** Undefined where neither the node nor one below has rules. */
function nodeOf(compiler: RuleCompiler, schema: RuleSchema, isRoot: boolean): Node | undefined {
  const isResource = isRoot || schema["x-kubernetes-embedded-resource"] === true;
  const rules = (schema["x-kubernetes-validations"] ?? []).flatMap((rule): CompiledRule[] => {
    const { optionalOldSelf = false, messageExpression } = rule;
    const { program } = compiler.rule(schema, isResource, rule.rule ?? "", optionalOldSelf);
    if (program === undefined) return [];
    const message =
      messageExpression && compiler.message(schema, isResource, messageExpression, optionalOldSelf).program;
    return [{ rule, program, message: message || undefined, usesOldSelf: /\boldSelf\b/.test(rule.rule ?? "") }];
  });
  const properties = new Map<string, Node>();
  for (const [key, child] of Object.entries(schema.properties ?? {})) {
    const node = nodeOf(compiler, child, false);
    if (node !== undefined) properties.set(key, node);
  }
  const below = schemaIn(schema.items) ?? schemaIn(schema.additionalProperties);
  const each = below && nodeOf(compiler, below, false);
  if (rules.length === 0 && properties.size === 0 && each === undefined) return undefined;
  return { schema, type: compiler.typeOf(schema, isResource), rules, properties, each };
}

/** One check of a whole object. */
interface Check {
  readonly out: FieldError[];
  /** Negative when it is spent: nothing more is checked then. */
  readonly budget: CostBudget;
}

function checkNode(node: Node, value: unknown, old: unknown, path: FieldPath, check: Check): void {
  if (value === undefined || value === null || check.budget.remaining < 0) return;
  checkRules(node, value, old, path, check);
  if (Array.isArray(value)) {
    const { each, schema } = node;
    if (each === undefined) return;
    for (const [i, item] of value.entries()) checkNode(each, item, correlated(schema, item, old), path.index(i), check);
    return;
  }
  if (typeof value !== "object") return;
  for (const [key, member] of Object.entries(value)) {
    const before = typeof old === "object" && old !== null ? Reflect.get(old, key) : undefined;
    const property = node.properties.get(key);
    if (property !== undefined) checkNode(property, member, before, path.child(key), check);
    else if (node.each !== undefined) checkNode(node.each, member, before, path.key(key), check);
  }
}

/** The old item that an item of a list of type map follows. */
function correlated(schema: RuleSchema, item: unknown, old: unknown): unknown {
  const keys = schema["x-kubernetes-list-map-keys"];
  if (schema["x-kubernetes-list-type"] !== "map" || !keys || !Array.isArray(old)) return undefined;
  const part = (each: unknown, key: string) =>
    typeof each === "object" && each !== null ? Reflect.get(each, key) : undefined;
  return old.find((each) => keys.every((key) => part(each, key) === part(item, key)));
}

function checkRules(node: Node, value: unknown, old: unknown, path: FieldPath, { out, budget }: Check): void {
  if (node.rules.length === 0) return;
  const isNew = old === undefined || old === null;
  const self = node.type.convert(value);
  const plain = { self, oldSelf: isNew ? null : node.type.convert(old) };
  const { Optional } = library();
  const optional = { self, oldSelf: isNew ? Optional.none() : Optional.of(plain.oldSelf) };
  const isUnchanged = !isNew && deepEqual(value, old);
  const shown = node.schema.type ?? "";
  for (const compiled of node.rules) {
    const { rule } = compiled;
    const activation = rule.optionalOldSelf ? optional : plain;
    if (compiled.usesOldSelf && isNew && !rule.optionalOldSelf) continue;
    if (isUnchanged && !compiled.usesOldSelf) continue;
    const text = rule.message?.trim() || rule.rule?.trim() || "";
    try {
      if (compiled.program.evaluate(activation, budget) === true) continue;
    } catch (err) {
      if (!(err instanceof ExpressionError)) throw err;
      if (err instanceof OutOfBudgetError) {
        out.push(fieldError.invalid(path, shown, err.message));
        return;
      }
      out.push(fieldError.invalid(path, shown, evaluationDetail(err.message, text)));
      continue;
    }
    out.push(brokenRule(rule, messageOf(compiled, activation, budget), at(path, rule.fieldPath), shown));
    if (budget.remaining < 0) {
      out.push(fieldError.invalid(path, shown, new OutOfBudgetError().message));
      return;
    }
  }
}

function evaluationDetail(message: string, rule: string): string {
  if (message.startsWith("operation cancelled: ")) return `'${message}': call cost exceeds limit for rule: ${rule}`;
  if (!message.startsWith("no such overload")) return `${message} evaluating rule: ${rule}`;
  return `'${message}': call arguments did not match a supported operator, function or macro signature for rule: ${rule}`;
}

function messageOf(
  { rule, message }: CompiledRule,
  activation: { self: unknown; oldSelf: unknown },
  budget: CostBudget,
): string {
  if (message !== undefined) {
    try {
      const made = message.evaluate(activation, budget);
      if (typeof made === "string" && made.trim() !== "" && !made.includes("\n")) return made.trim();
    } catch (err) {
      if (!(err instanceof ExpressionError)) throw err; // then the fixed message is told
    }
  }
  return rule.message?.trim() || `failed rule: ${rule.rule?.trim()}`;
}

function brokenRule({ reason }: SchemaRule, message: string, path: FieldPath, shown: string): FieldError {
  switch (reason) {
    case "FieldValueForbidden":
      return fieldError.forbidden(path, message);
    case "FieldValueRequired":
      return fieldError.required(path, message);
    case "FieldValueDuplicate":
      return fieldError.duplicate(path, shown);
    default:
      return fieldError.invalid(path, shown, message);
  }
}

/** `.spec.names['a.b']` below the node. */
function at(path: FieldPath, fieldPath: string | undefined): FieldPath {
  let result = path;
  for (const [, name, key] of (fieldPath ?? "").matchAll(/\.([^.[\]]+)|\['((?:\\.|[^'])*)'\]/g)) {
    result = name === undefined ? result.key(key ?? "") : result.child(name);
  }
  return result;
}
