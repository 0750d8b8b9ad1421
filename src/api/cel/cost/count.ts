import { correct } from "../corrections.ts";
import { library } from "../library.ts";
import { limits } from "../limits.ts";
import { binaryCost, callCost, sizeOf } from "./call-costs.ts";
import { factors, macroResults } from "./factors.ts";
import { binaryOperators, type CelNode, type Comprehension, isConstant, operandsOf } from "./nodes.ts";

/** Counts what evaluations cost. Expressions are evaluated without interruption, so there is one count at a time. */

interface Count {
  cost: number;
}

let current: Count | undefined;

/** The evaluation costs more than one may. It ends there, wherever it is. */
class CostExceeded extends Error {
  override readonly name = "CostExceeded";
}

const exceeded = new CostExceeded("operation cancelled: actual cost limit exceeded");

/** Adds to what the evaluation that is going on costs. */
export function charge(cost: number): void {
  if (current === undefined) return;
  current.cost += cost;
  if (current.cost > limits.callCost) throw exceeded;
}

/** What became of an evaluation, and what it cost. */
export type Counted<T> = { readonly cost: number } & ({ readonly value: T } | { readonly error: unknown });

/** Evaluates what was prepared. One inside of another is counted by itself. */
export function counted<T>(evaluate: () => T): Counted<T> {
  const outer = current;
  const mine: Count = { cost: 0 };
  current = mine;
  try {
    const value = evaluate();
    // The language passes over errors of some operands; not over this one.
    return mine.cost > limits.callCost ? { cost: mine.cost, error: exceeded } : { cost: mine.cost, value };
  } catch (error) {
    return { cost: mine.cost, error: mine.cost > limits.callCost ? exceeded : error };
  } finally {
    current = outer;
  }
}

/** Has a checked expression count what its evaluations cost. Call it once, before the first of them. */
export function prepareCounting(node: CelNode): void {
  const { alternate, macro } = node.meta;
  if (alternate !== undefined) {
    if (alternate.op === "comprehension") prepareMacro(nameOf(node), alternate);
    else prepareCounting(alternate);
    return;
  }
  if (macro !== undefined) {
    prepareOwnMacro(macro);
    const price = macro.members === undefined || isConstant(node) ? undefined : prices[node.op];
    if (price !== undefined) chargeMacro(macro, price);
    return;
  }
  correct(node);
  if (isConstant(node)) {
    for (const operand of operandsOf(node)) prepareCounting(operand);
    return;
  }
  const price = priceOf(node);
  if (node.op === ".?" || node.op === "[?]") chargeOptional(node);
  else if (price !== undefined) chargeBefore(node, price);
  else if (binaryOperators.has(node.op)) chargeOperator(node);
  else if (node.op === "call" || node.op === "rcall") chargeCall(node);
  for (const operand of operandsOf(node)) prepareCounting(operand);
  if (node.op === "?:") for (const branch of operandsOf(node).slice(1)) giveBack(branch);
}

/** The variable at which a branch begins costs nothing. */
function giveBack(branch: CelNode): void {
  let root = branch;
  while (root.op === "." || root.op === "[]") {
    const [target] = operandsOf(root);
    if (target === undefined) return;
    root = target;
  }
  if (root.op === "id" && root.meta.alternate === undefined) chargeBefore(branch, -1);
}

const prices: Readonly<Record<string, number>> = {
  id: 1,
  ".": 1,
  "!_": 1,
  "-_": 1,
  list: factors.listCreation,
  map: factors.mapCreation,
};

/** Variables with fields and elements of them: the language resolves such a way in one step. */
const ofWay: ReadonlySet<string> = new Set(["id", ".", "[]"]);

/** A way that begins at what is no variable begins with a step of its own. */
function beginning(node: CelNode): number {
  const [target] = operandsOf(node);
  return target === undefined || steps.has(target.op) ? 0 : 1;
}

const steps: ReadonlySet<string> = new Set(["id", ".", "[]", ".?", "[?]", "?:"]);

function priceOf(node: CelNode): number | undefined {
  if (node.op === ".") return 1 + beginning(node);
  if (node.op !== "[]") return prices[node.op];
  // An index that is a way itself is a step of this one.
  const [, index] = operandsOf(node);
  const step = index !== undefined && ofWay.has(index.op) && index.meta.alternate === undefined ? 0 : 1;
  return step + beginning(node);
}

function nameOf({ args }: CelNode): string {
  return Array.isArray(args) ? String(args[0]) : "";
}

function chargeBefore(node: CelNode, price: number, also: () => void = () => {}): void {
  const { evaluate } = node.meta;
  node.setMeta("evaluate", (evaluator: unknown, self: unknown, context: unknown) => {
    charge(price);
    also();
    return evaluate(evaluator, self, context);
  });
}

/** The step to what is not there costs nothing. */
function chargeOptional(node: CelNode): void {
  const { evaluate } = node.meta;
  const first = beginning(node);
  node.setMeta("evaluate", (evaluator: unknown, self: unknown, context: unknown) => {
    charge(first);
    const value = evaluate(evaluator, self, context);
    if (!(value instanceof library().Optional) || value.hasValue()) charge(1);
    return value;
  });
}

function chargeOperator(node: CelNode): void {
  const { op, handle, args } = node;
  if (handle === undefined) return;
  const [left, right] = operandsOf(node);
  // What is written out is looked up, not searched.
  if (op === "in" && Array.isArray(args) && right?.op === "list" && isConstant(right)) return;
  // Which operator it is becomes known only at run time.
  const isKnown = (operand: CelNode | undefined) => operand?.checkedType?.kind !== "dyn";
  const isUnresolved = (op === "in" && !isKnown(right)) || (op === "+" && !isKnown(left) && !isKnown(right));
  node.handle = (a, b, ...rest) => {
    charge(isUnresolved ? 1 : binaryCost(op, a, b));
    return handle(a, b, ...rest);
  };
}

function chargeCall(node: CelNode): void {
  const { handle } = node;
  if (handle === undefined) return;
  const name = nameOf(node);
  // Which elements are sorted is known only at run time.
  const isUnresolved = name === "sort" && operandsOf(node)[0]?.checkedType?.kind === "dyn";
  node.handle = (args, ...rest) => {
    const result = handle(args, ...rest);
    charge(isUnresolved ? 1 : callCost(name, Array.isArray(args) ? args : [], result));
    return result;
  };
}

function chargeMacro(macro: NonNullable<CelNode["meta"]["macro"]>, price: number): void {
  const { evaluate } = macro;
  macro.evaluate = (evaluator, self, context) => {
    charge(price);
    return evaluate(evaluator, self, context);
  };
}

/** The test of a field costs nothing, the way to it does. */
function prepareOwnMacro(macro: NonNullable<CelNode["meta"]["macro"]>): void {
  const { macroHasProps, val, exp, receiver, arg, members = [], added } = macro;
  if (macroHasProps !== undefined) {
    chargeMacro(macro, Math.max(0, macroHasProps.length - 2));
    const variable = macroHasProps.at(-1);
    if (variable !== undefined) prepareCounting(variable);
  }
  for (const part of [val, exp, receiver, arg, ...members]) if (part !== undefined) prepareCounting(part);
  if (added === undefined) return;
  prepareCounting(added.range);
  for (const body of added.bodies) {
    prepareCounting(body);
    if (added.onRead !== undefined) tellReads(body, added.variables, added.onRead);
  }
}

function tellReads(node: CelNode, names: readonly string[], onRead: () => void): void {
  if (node.op === "id") {
    if (names.includes(String(node.args))) chargeBefore(node, 0, onRead);
    return;
  }
  for (const operand of operandsOf(node)) tellReads(operand, names, onRead);
}

/** What a round costs, beside the expressions given: a look at what is known so far. */
const rounds: Readonly<Record<string, number>> = { all: 3, exists: 4 };
/** What it costs to find out that no further round is needed. */
const lastLooks: Readonly<Record<string, number>> = { all: 2, exists: 3 };
/** To add to a list, or to a count. */
const stepPrices: Readonly<Record<string, number>> = { accuPush: 2 + factors.listCreation, accuInc: 2 };

function prepareMacro(name: string, node: CelNode): void {
  const { iterable, step } = node.args as Comprehension; // its operator is comprehension
  const { handle } = node;
  const lastLook = lastLooks[name];
  let made = 0;
  chargeBefore(node, macroResults[name] ?? 1);
  if (lastLook !== undefined && handle !== undefined) {
    node.handle = (items, ...rest) => {
      made = 0;
      const result = handle(items, ...rest);
      if (made < sizeOf(items)) charge(lastLook);
      return result;
    };
  }
  chargeBefore(step, rounds[name] ?? 0, () => {
    made++;
  });
  prepareCounting(iterable);
  prepareStep(step);
}

function prepareStep(step: CelNode): void {
  const price = stepPrices[step.op];
  if (price !== undefined) chargeBefore(step, price);
  for (const operand of operandsOf(step)) {
    if (operand.op in stepPrices) prepareStep(operand);
    else if (operand.op !== "accuValue") prepareCounting(operand);
  }
}
