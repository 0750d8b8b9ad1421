import { evaluationText, type Issue, issuesText, syntaxIssue, typeIssue, typeText } from "./compile-error.ts";
import type { CostBudget } from "./cost/budget.ts";
import { counted, prepareCounting } from "./cost/count.ts";
import { estimateCost, type Sizes } from "./cost/estimate.ts";
import type { CelNode } from "./cost/nodes.ts";
import { ExpressionError } from "./expression-error.ts";
import type { Environment } from "./library.ts";
import { parseExpression } from "./macros/index.ts";
import { refusals } from "./refusals/index.ts";

export { ExpressionError } from "./expression-error.ts";

/** A compiled expression. */
export interface Program {
  readonly expression: string;
  /** `bool`, `string`, `dyn`, `list<int>`, ... */
  readonly type: string;
  /**
   * What it costs is taken from the budget.
   * @throws ExpressionError also when one evaluation costs too much
   * @throws OutOfBudgetError
   */
  evaluate(activation: Activation, budget?: CostBudget): unknown;
  /** What an evaluation costs at worst, by the sizes that the variables' values can have. */
  worstCost(sizes: Sizes): number;
}

/** The values of an environment's variables, by name. */
export type Activation = Readonly<Record<string, unknown>>;

/** Either, never both. `error` is what the original writes behind the field's path and value. */
export type Compilation =
  | { readonly program: Program; readonly error?: undefined }
  | { readonly program?: undefined; readonly error: string };

/** Why an expression of this type is of no use at its place; undefined when it is. */
export type TypeRule = (type: string) => string | undefined;

export const anyType: TypeRule = () => undefined;

/** Exactly one of these: what is known only at run time (`dyn`) is not. */
export function exactly(...wanted: readonly string[]): TypeRule {
  return (type) => {
    if (wanted.includes(type)) return undefined;
    const names = wanted.map((name) => typeText(name));
    const list = names.length === 1 ? names[0] : `one of [${names.join(" ")}]`;
    return `must evaluate to ${list} but got ${typeText(type)}`;
  };
}

export function compileIn(environment: Environment, expression: string, rule: TypeRule): Compilation {
  let parsed: ReturnType<Environment["parse"]>;
  try {
    parsed = parseExpression(environment, expression);
  } catch (err) {
    return failed(expression, [syntaxIssue(expression, err as Error)]);
  }
  const checked = parsed.check();
  if (!checked.valid) {
    const first = checked.error ?? new Error("the expression has no type");
    return failed(expression, allIssues(environment, expression, first));
  }
  const root = parsed.ast as unknown as CelNode; // the declarations leave out what the checker adds
  const { issues, instantiation } = refusals(expression, root);
  if (issues.length > 0) return failed(expression, issues);
  const type = checked.type ?? "dyn";
  const error = rule(type) ?? (instantiation && `program instantiation failed: ${instantiation}`);
  if (error !== undefined) return { error };
  prepareCounting(root);
  return {
    program: {
      expression,
      type,
      evaluate: (activation, budget) => evaluate(parsed, activation, budget),
      worstCost: (sizes) => estimateCost(root, sizes),
    },
  };
}

function evaluate(
  parsed: ReturnType<Environment["parse"]>,
  activation: Activation,
  budget: CostBudget | undefined,
): unknown {
  const outcome = counted(() => parsed(activation));
  budget?.spend(outcome.cost);
  if (!("error" in outcome)) return outcome.value;
  const { error } = outcome;
  if (error instanceof ExpressionError) throw error;
  throw new ExpressionError(evaluationText(error), { cause: error });
}

function failed(expression: string, issues: readonly Issue[]): Compilation {
  return { error: `compilation failed: ${issuesText(expression, issues)}` };
}

const issuesMax = 100;

/** The checker stops at the first error. For the next unknown name the first one is made known. */
function allIssues(environment: Environment, expression: string, first: Error): Issue[] {
  const issues: Issue[] = [];
  let current: Environment = environment;
  let failure: (Error & { code?: string; summary?: string }) | undefined = first;
  while (failure !== undefined && issues.length < issuesMax) {
    issues.push(typeIssue(environment, expression, failure));
    const name: string | undefined =
      failure.code === "unknown_variable" ? /: (.*)$/.exec(failure.summary ?? "")?.[1] : undefined;
    if (name === undefined) break;
    current = current.clone().registerVariable(name, "dyn");
    const checked = parseExpression(current, expression).check();
    failure = checked.valid ? undefined : checked.error;
  }
  return issues.sort((a, b) => a.at - b.at);
}
