/** Of the library's syntax trees what costs are counted by; its declarations leave out what is known after the type check. */

export interface CelType {
  readonly name: string;
  /** `list`, `map`, `message`, `dyn`, `primitive`, ... */
  readonly kind: string;
  readonly keyType?: CelType;
  readonly valueType?: CelType;
  /** What both are; null for types that nothing joins. */
  unify(registry: Checker["registry"], other: CelType): CelType | null;
}

/** Names and the types or values that they have. */
export interface Scope {
  forkWithVariable(name: string, type: CelType): VariableScope;
}

export interface VariableScope extends Scope {
  reuse(parent: Scope): VariableScope;
  setIterValue(value: unknown, evaluator: Evaluator): unknown;
}

export interface Evaluator {
  run(node: CelNode, scope: Scope): unknown;
}

export interface Checker {
  readonly registry: {
    getListType(element: CelType): CelType;
    getMapType(key: CelType, value: CelType): CelType;
    getOptionalType(value: CelType): CelType;
  };
  check(node: CelNode, scope: Scope): CelType;
  getType(name: string): CelType;
  formatType(type: CelType): string;
  createError(code: string, message: string, node: CelNode): Error;
}

export type Evaluate = (evaluator: unknown, node: unknown, context: unknown) => unknown;

/** A macro that the library lacks. */
export interface AddedMacro {
  readonly name: string;
  /** What it is called on. */
  readonly range: CelNode;
  readonly variables: readonly string[];
  /** What it is given beside the variables. */
  readonly bodies: readonly CelNode[];
  /** Where the variable is computed when it is first looked at. */
  onRead?(): void;
}

interface Macro {
  evaluate: Evaluate;
  /** Of `or` and `orValue`. */
  readonly receiver?: CelNode;
  readonly arg?: CelNode;
  readonly added?: AddedMacro;
  /** The elements of a list or map some of which are optional. */
  readonly members?: readonly CelNode[];
  /** Those of them that are optional: elements, or values of entries. */
  readonly optionalMembers?: readonly CelNode[];
  /** Of `has`: the fields from the last one to the variable, which is the last element. */
  readonly macroHasProps?: readonly CelNode[];
  /** Of `cel.bind`. */
  readonly var?: string;
  readonly val?: CelNode;
  readonly exp?: CelNode;
}

/** What all, exists, map and the like become. */
export interface Comprehension {
  readonly iterable: CelNode;
  readonly step: CelNode;
}

export interface CelNode {
  readonly op: string;
  readonly args: unknown;
  readonly start: number;
  readonly end: number;
  readonly pos: number;
  readonly checkedType?: CelType;
  handle?: (...values: unknown[]) => unknown;
  readonly meta: { readonly alternate?: CelNode; readonly macro?: Macro; readonly evaluate: Evaluate };
  setMeta(name: string, value: unknown): CelNode;
}

export const binaryOperators: ReadonlySet<string> = new Set([
  "!=",
  "==",
  "in",
  "+",
  "-",
  "*",
  "/",
  "%",
  "<",
  "<=",
  ">",
  ">=",
]);

export function isNode(value: unknown): value is CelNode {
  return typeof value === "object" && value !== null && "op" in value && "setMeta" in value;
}

/** The operands of an operator, the elements of a list, the keys and values of a map, the arguments of a call. */
export function operandsOf({ op, args }: CelNode): readonly CelNode[] {
  if (isNode(args)) return [args];
  if (!Array.isArray(args)) return [];
  if (op === "call" || op === "rcall" || op === "map") return args.flat().filter(isNode);
  return args.filter(isNode);
}

const conversions: ReadonlySet<unknown> = new Set([
  "bool",
  "bytes",
  "double",
  "duration",
  "dyn",
  "int",
  "string",
  "timestamp",
  "type",
  "uint",
]);

/** A literal, a list or map of nothing but literals, or what such a one is converted to: that is done once. */
export function isConstant(node: CelNode): boolean {
  if (node.op === "value") return true;
  // The sign of a number that is written out is a part of it.
  if (node.op === "-_") return operandsOf(node).every((operand) => operand.op === "value");
  const isMade = node.op === "call" && Array.isArray(node.args) && conversions.has(node.args[0]);
  return (isMade || node.op === "list" || node.op === "map") && operandsOf(node).every(isConstant);
}
