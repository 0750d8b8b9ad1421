import { typeText } from "../compile-error.ts";
import {
  type CelNode,
  type CelType,
  type Checker,
  type Evaluator,
  isNode,
  operandsOf,
  type Scope,
} from "../cost/nodes.ts";
import { type Environment, library } from "../library.ts";
import { tokensOf } from "../tokens.ts";

/**
 * `[?a, b]` and `{?'k': a}`: what is optional is there only when it has a value. The library's parser does not know the
 * question mark: it is given an exclamation mark, which binds to the same operand, and the tree is mended afterwards.
 */

type Parsed = ReturnType<Environment["parse"]>;

/** Parses an expression. Throws the library's errors. */
export function parseExpression(environment: Environment, expression: string): Parsed {
  const marks = optionalMarks(expression);
  const characters = expression.split("");
  for (const at of marks) characters[at] = "!";
  const parsed = environment.parse(characters.join(""));
  const open = new Set(marks);
  mend(parsed.ast as unknown as CelNode, open); // the declarations leave out what the tree is made of
  return open.size === 0 ? parsed : environment.parse(expression); // fails where the first one stands
}

/** Where question marks stand before elements. */
function optionalMarks(expression: string): ReadonlySet<number> {
  const marks = new Set<number>();
  if (!/[[{,]\s*\?/.test(expression)) return marks;
  let at = 0;
  let previous = "";
  let isIndex = false;
  for (const text of tokensOf(expression)) {
    if (text === "?" && (previous === "{" || previous === "," || (previous === "[" && !isIndex))) marks.add(at);
    at += text.length;
    if (/^(?:\s|\/\/)/.test(text)) continue;
    if (text === "[") isIndex = previous !== "in" && /[\w)\]}"'`]$/.test(previous);
    previous = text;
  }
  return marks;
}

function mend(node: CelNode, open: Set<number>): void {
  const operands = operandsOf(node);
  if (node.op === "list" || node.op === "map") {
    const leading = operands.filter((_, i) => node.op === "list" || i % 2 === 0);
    const isOptional = leading.map((member) => unmark(member, open));
    // Nor does it keep keys that are no texts.
    const hasOtherKeys = node.op === "map" && leading.some((key) => typeof key.args !== "string" || key.op !== "value");
    if (isOptional.includes(true) || hasOtherKeys)
      node.setMeta("macro", literal(node, operands, isOptional)).setMeta("async", false);
  }
  for (const operand of operands) mend(operand, open);
}

/** Takes the mark off the first operand within a member; whether there was one. */
function unmark(member: CelNode, open: Set<number>): boolean {
  if (!open.has(member.start)) return false;
  let node: CelNode | undefined = member;
  while (node !== undefined && !(node.op === "!_" && node.start === member.start)) node = operandsOf(node)[0];
  if (node === undefined || !isNode(node.args)) return false;
  open.delete(member.start);
  node.setMeta("alternate", node.args);
  return true;
}

/** The list or map as what the library calls a macro. */
function literal(node: CelNode, members: readonly CelNode[], isOptional: readonly boolean[]) {
  const isList = node.op === "list";
  return {
    async: false,
    members,
    optionalMembers: members.filter((_, i) => (isList ? isOptional[i] : i % 2 === 1 && isOptional[(i - 1) / 2])),
    typeCheck(checker: Checker, _: unknown, scope: Scope): CelType {
      let keys: CelType | undefined;
      let values: CelType | undefined;
      for (const [i, optional] of isOptional.entries()) {
        const [key, value] = isList ? [undefined, members[i]] : [members[2 * i], members[2 * i + 1]];
        if (key !== undefined) keys = joined(checker, keys, checker.check(key, scope));
        if (value !== undefined) values = joined(checker, values, memberType(checker, value, scope, optional));
      }
      const dyn = checker.getType("dyn");
      return isList
        ? checker.registry.getListType(values ?? dyn)
        : checker.registry.getMapType(keys ?? dyn, values ?? dyn);
    },
    evaluate(evaluator: Evaluator, _: unknown, scope: Scope): unknown {
      const values = members.map((member) => evaluator.run(member, scope));
      if (isList) return values.flatMap((value, i) => (isOptional[i] ? present(value) : [value]));
      const made = new Map<unknown, unknown>();
      for (const [i, optional] of isOptional.entries()) {
        const value = values[2 * i + 1];
        for (const one of optional ? present(value) : [value]) made.set(values[2 * i], one);
      }
      return made;
    },
  };
}

function joined(checker: Checker, known: CelType | undefined, type: CelType): CelType {
  return known === undefined ? type : (known.unify(checker.registry, type) ?? checker.getType("dyn"));
}

function memberType(checker: Checker, member: CelNode, scope: Scope, isOptional: boolean): CelType {
  const type = checker.check(member, scope);
  if (!isOptional || type.kind === "dyn") return type;
  if (type.kind === "optional") return type.valueType ?? checker.getType("dyn");
  const found = typeText(checker.formatType(type));
  const node = member.op === "!_" && isNode(member.args) ? member.args : member;
  throw checker.createError("macro", `expected type 'optional_type(${found})' but found '${found}'`, node);
}

/** Nothing, or the one value. */
function present(value: unknown): readonly unknown[] {
  const { Optional } = library();
  if (value instanceof Optional) return value.hasValue() ? [value.value()] : [];
  throw new Error("cannot initialize optional element from non-optional value");
}
