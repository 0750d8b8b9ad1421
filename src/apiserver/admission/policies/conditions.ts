import {
  type Activation,
  CostBudget,
  compileMatchCondition,
  expressionLimits,
  OutOfBudgetError,
  type Program,
} from "../../../api/cel/index.ts";

interface Condition {
  readonly name?: string;
  readonly expression?: string;
}

export interface CompiledCondition {
  readonly expression: string;
  readonly program?: Program;
  readonly error?: string;
}

export function compileConditions(
  conditions: readonly Condition[] | undefined,
  hasParams: boolean,
): readonly CompiledCondition[] {
  return (conditions ?? []).map(({ expression = "" }) => ({
    expression,
    ...compileMatchCondition(expression, { hasParams }),
  }));
}

/**
 * Whether all conditions hold. One that does not hold decides, also when others fail; otherwise failures are an error,
 * or with `ignoresFailures` no match. Answers with the error's text.
 */
export function conditionsHold(
  conditions: readonly CompiledCondition[],
  activation: Activation,
  ignoresFailures: boolean,
): boolean | { readonly error: string } {
  const failures: string[] = [];
  const budget = new CostBudget(expressionLimits.matchConditionsBudget);
  for (const condition of conditions) {
    const result = evaluated(condition, activation, budget);
    if ("spent" in result) return ignoresFailures ? false : { error: result.error };
    if ("error" in result) failures.push(result.error);
    else if (result.value !== true) return false;
  }
  if (failures.length === 0) return true;
  if (ignoresFailures) return false;
  return { error: failures.length === 1 ? (failures[0] ?? "") : `[${failures.join(", ")}]` };
}

/** `spent`: no further expression is evaluated. */
export type Evaluated =
  | { readonly value: unknown }
  | { readonly error: string }
  | { readonly error: string; readonly spent: true };

/** What an expression makes, or why it makes nothing, in the original's words. */
export function evaluated(
  { expression, program, error }: CompiledCondition,
  activation: Activation,
  budget: CostBudget,
): Evaluated {
  if (program === undefined) return { error: `compilation error: ${error}` };
  try {
    return { value: program.evaluate(activation, budget) };
  } catch (err) {
    if (err instanceof OutOfBudgetError || budget.remaining < 0) {
      return { error: new OutOfBudgetError().message, spent: true };
    }
    return { error: `expression '${expression}' resulted in error: ${err instanceof Error ? err.message : err}` };
  }
}
