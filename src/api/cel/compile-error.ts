import { isNode } from "./cost/nodes.ts";
import type { Environment } from "./library.ts";

/** Errors of expressions in the words and the form in which the original's compiler puts them. */

export interface Issue {
  /** Characters before it. */
  readonly at: number;
  readonly message: string;
}

/** What the library tells of an error. */
interface Failure {
  readonly code?: string;
  readonly summary?: string;
  readonly message: string;
  readonly range?: { readonly start: number; readonly end: number };
  readonly node?: { readonly op?: string; readonly args?: unknown };
}

const operands =
  "{'[', '{', '(', '.', '-', '!', 'true', 'false', 'null', NUM_FLOAT, NUM_INT, NUM_UINT, STRING, BYTES, IDENTIFIER}";

const operators: Readonly<Record<string, string>> = {
  in: "@in",
  "!": "!_",
  "!_": "!_",
  "-_": "-_",
};

/** All issues, with the line that each is in and a mark under it. */
export function issuesText(expression: string, issues: readonly Issue[]): string {
  return issues.map((issue) => issueText(expression, issue)).join("\n");
}

function issueText(expression: string, { at, message }: Issue): string {
  if (expression === "") return `ERROR: <input>:1:0: ${message}`;
  const before = expression.slice(0, at);
  const line = before.split("\n").length;
  const column = at - (before.lastIndexOf("\n") + 1);
  const text = (expression.split("\n")[line - 1] ?? "").replaceAll("\t", " ");
  return `ERROR: <input>:${line}:${column + 1}: ${message}\n | ${text}\n | ${".".repeat(column)}^`;
}

/** An error of the parser. */
export function syntaxIssue(expression: string, failure: Failure): Issue {
  const at = failure.range?.start ?? 0;
  const summary = failure.summary ?? failure.message;
  switch (failure.code) {
    case "macro":
      return { at, message: summary };
    case "reserved_identifier":
      return { at, message: `reserved identifier: ${/: (.*)$/.exec(summary)?.[1] ?? ""}` };
    case "unexpected_character":
    case "expected_token":
    case "unexpected_token":
      return { at, message: `Syntax error: ${unexpected(expression, at, closing(summary))}` };
    case "unterminated_string":
      return { at, message: `Syntax error: token recognition error at: '${expression.slice(at)}'` };
    default:
      return { at, message: `Syntax error: ${summary.charAt(0).toLowerCase()}${summary.slice(1)}` };
  }
}

const closers: Readonly<Record<string, string>> = { RBRACKET: "']'", RBRACE: "'}'", COLON: "':'", COMMA: "','" };

/** What the library says it waits for. */
function closing(summary: string): string {
  return closers[/^Expected (\w+)/.exec(summary)?.[1] ?? ""] ?? "')'";
}

/** What stands where it must not; alone before the end it is superfluous, otherwise something else should be there. */
function unexpected(expression: string, at: number, missing: string): string {
  const rest = expression.slice(at).trim();
  const token = /^(?:\w+|==|!=|<=|>=|&&|\|\||.)/.exec(rest)?.[0];
  const before = expression.slice(0, at).trimEnd();
  const wantsOperand = before === "" || /(?:[-+*/%<>=!&|?:,([{.]|\bin)$/.test(before);
  const expected = wantsOperand ? operands : "<EOF>";
  if (token === undefined) return `mismatched input '<EOF>' expecting ${expected === "<EOF>" ? missing : expected}`;
  if (/^[^\w\s[\](){}.,?:<>=!&|+\-*/%"'`]$/.test(token)) return `token recognition error at: '${token}'`;
  const word = rest === token && !wantsOperand ? "extraneous" : "mismatched";
  return `${word} input '${token}' expecting ${expected}`;
}

/** An error of the type checker. */
export function typeIssue(environment: Environment, expression: string, failure: Failure): Issue {
  const summary = failure.summary ?? failure.message;
  const { start, end } = failure.range ?? { start: 0, end: expression.length };
  const find = (text: string) => {
    const found = expression.indexOf(text, start);
    return found >= 0 && found < end ? found : start;
  };
  switch (failure.code) {
    case "unknown_variable":
      return { at: start, message: undeclared(/: (.*)$/.exec(summary)?.[1] ?? "") };
    case "no_such_key":
      return { at: memberPosition(expression, start), message: `undefined field '${/: (.*)$/.exec(summary)?.[1]}'` };
    case "cannot_index_type":
      return {
        at: memberPosition(expression, start),
        message: `type '${checkedText(/'(.*)'/.exec(summary)?.[1] ?? "")}' does not support field selection`,
      };
    case "no_such_overload":
      return overloadIssue(summary, start, end, expression, failure);
    case "invalid_logical_operand":
    case "invalid_condition_type": {
      const found = /got '(.*)'/.exec(summary)?.[1] ?? "";
      return { at: start, message: `expected type 'bool' but found '${checkedText(found)}'` };
    }
    case "incompatible_ternary_branches": {
      const [, left = "", right = ""] = /got '(.*)' and '(.*)'/.exec(summary) ?? [];
      const types = `(bool, ${checkedText(left)}, ${checkedText(right)})`;
      return { at: find("?"), message: `found no matching overload for '_?_:_' applied to '${types}'` };
    }
    case "no_matching_overload":
      return callIssue(environment, expression, failure, start);
    case "macro":
      return { at: start, message: summary };
    case "macro_call":
      return { at: openParenthesis(expression, failure, start), message: summary };
    case "invalid_comprehension_range":
      return { at: start, message: summary.replace(/^E/, "e").replace(/\.$/, "") };
    case "invalid_macro_argument":
      return { at: start, message: summary.replace(/^has\(\) invalid argument/, "invalid argument to has() macro") };
    default:
      return { at: start, message: summary };
  }
}

export function undeclared(name: string): string {
  return `undeclared reference to '${name}' (in container '')`;
}

/** The dot or bracket before a member's name. */
function memberPosition(expression: string, start: number): number {
  const dot = Math.max(expression.lastIndexOf(".", start), expression.lastIndexOf("[", start));
  return dot >= 0 ? dot : start;
}

function overloadIssue(summary: string, start: number, end: number, expression: string, failure: Failure): Issue {
  const unary = /no such overload: ([!-])(\S.*)$/.exec(summary);
  if (unary !== null) {
    const [, operator = "", type = ""] = unary;
    return { at: start, message: `found no matching overload for '${operator}_' applied to '(${checkedText(type)})'` };
  }
  const operator = failure.node?.op ?? "";
  const types = summary.replace("no such overload: ", "").split(` ${operator} `).map(checkedText);
  const name = operators[operator] ?? `_${operator}_`;
  const at = operatorPosition(failure, operator, start, end, expression);
  return { at, message: `found no matching overload for '${name}' applied to '(${types.join(", ")})'` };
}

/** Of a method's call. */
function openParenthesis(expression: string, { node }: Failure, start: number): number {
  const receiver: unknown = Array.isArray(node?.args) ? node.args[1] : undefined;
  const from = typeof receiver === "object" && receiver !== null && "end" in receiver ? Number(receiver.end) : start;
  return Math.max(start, expression.indexOf("(", from));
}

/** After the left operand. */
function operatorPosition(failure: Failure, operator: string, start: number, end: number, expression: string): number {
  const left: unknown = Array.isArray(failure.node?.args) ? failure.node.args[0] : undefined;
  const from = typeof left === "object" && left !== null && "end" in left ? Number(left.end) : start;
  const found = expression.indexOf(operator, from);
  return found >= 0 && found < end ? found : start;
}

function callIssue(environment: Environment, expression: string, failure: Failure, start: number): Issue {
  const summary = failure.summary ?? failure.message;
  const at = openParenthesis(expression, failure, start);
  const [, called = "", args = ""] = /overload for '(.*?)\((.*)\)'$/.exec(summary) ?? [];
  const dot = called.lastIndexOf(".");
  const name = called.slice(dot + 1);
  const known = environment.getDefinitions().functions.some((each) => each.name === name);
  if (!known) return { at, message: undeclared(name) };
  const types = args === "" ? "" : args.split(", ").map(checkedText).join(", ");
  if (dot < 0) return { at, message: unmatched(name, `(${types})`) };
  const { space, type = called.slice(0, dot) } = receiverOf(failure);
  if (space !== undefined) return { at, message: unmatched(`${space}.${name}`, `(${types})`) };
  return { at, message: unmatched(name, `${checkedText(type)}.(${types})`) };
}

function unmatched(name: string, applied: string): string {
  return `found no matching overload for '${name}' applied to '${applied}'`;
}

/** The type of what a method is called on, or the name of a library. */
function receiverOf({ node }: Failure): { readonly space?: string; readonly type?: string } {
  const receiver: unknown = node?.op === "rcall" && Array.isArray(node.args) ? node.args[1] : undefined;
  if (!isNode(receiver)) return {};
  if (receiver.op === "id" && receiver.meta.alternate !== undefined) return { space: String(receiver.args) };
  return { type: receiver.checkedType?.name };
}

/** `list<int>` is written `list(int)`. */
export function typeText(type: string): string {
  return type
    .trim()
    .replace(/^dyn<(.*)>$/, "$1")
    .replace(/^null$/, "null_type")
    .replace(/\b[A-Z]\b/g, "dyn")
    .replace(/\boptional\b/g, "optional_type")
    .replaceAll("<", "(")
    .replaceAll(">", ")");
}

/** As the checker names types, which has short names for times. */
export function checkedText(type: string): string {
  if (type === "null") return type;
  return typeText(type).replace(/google\.protobuf\.(Duration|Timestamp)/g, (_, kind: string) => kind.toLowerCase());
}

/** An error while an expression is evaluated. */
export function evaluationText(err: unknown): string {
  const failure = err as Failure;
  const summary = failure.summary ?? (err instanceof Error ? err.message : String(err));
  const bounds = /index out of bounds, index (-?\d+)/.exec(summary);
  if (bounds !== null) return `index out of bounds: ${bounds[1]}`;
  if (summary.startsWith("No such key: ")) return `no such key: ${summary.slice("No such key: ".length)}`;
  const conversion = /^(int|uint|double|bool)\(\) (?:type|conversion) error: /.exec(summary);
  if (conversion !== null) return `type conversion error from 'string' to '${conversion[1]}'`;
  if (failure.code === "no_such_overload" || failure.code === "no_matching_overload") return "no such overload";
  return summary;
}
