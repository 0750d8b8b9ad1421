import { type CostBudget, OutOfBudgetError } from "./cost/index.ts";
import { type AdmissionEnvironment, admissionEnvironment, VariablesValue, withVariables } from "./environment.ts";
import type { Environment } from "./library.ts";
import { withoutMessages } from "./messages.ts";
import {
  type Activation,
  anyType,
  type Compilation,
  compileIn,
  ExpressionError,
  exactly,
  type Program,
} from "./program.ts";

/** Expressions of admission policies, and of the match conditions of webhooks. */

export interface VariableProgram {
  readonly name: string;
  readonly program: Program;
}

/** Compiles the expressions of one policy, which may name the variables that were compiled before them. */
export interface PolicyCompiler {
  /** Makes the variable known under its name also when it does not compile. */
  variable(name: string, expression: string): Compilation;
  /** @param types what it may evaluate to */
  compile(expression: string, ...types: string[]): Compilation;
}

/** @param hasVariables without any there is no `variables` */
export function compilePolicy(options: AdmissionEnvironment, hasVariables: boolean): PolicyCompiler {
  const plain = admissionEnvironment(options);
  const types: Record<string, string> = {};
  const source = (expression: string) => (options.hasPatches ? withoutMessages(expression) : expression);
  let environment = hasVariables ? withVariables(plain, types) : plain;
  return {
    variable(name, expression) {
      const compilation = compileIn(environment, source(expression), anyType);
      types[name] = fieldType(compilation.program?.type);
      environment = extended(plain, types, name);
      return compilation;
    },
    compile: (expression, ...wanted) => compileIn(environment, source(expression), exactly(...wanted)),
  };
}

/** A type that has no name in declarations is left to run time. */
function extended(plain: Environment, types: Record<string, string>, name: string): Environment {
  try {
    return withVariables(plain, types);
  } catch {
    types[name] = "dyn";
    return withVariables(plain, types);
  }
}

function fieldType(type: string | undefined): string {
  if (type === undefined || type.startsWith("dyn") || type === "null" || type === "type") return "dyn";
  return type;
}

export function compileMatchCondition(expression: string, options: AdmissionEnvironment = {}): Compilation {
  return compileIn(admissionEnvironment(options), expression, exactly("bool"));
}

/** The value of `variables`: each is computed once, when it is first asked for. */
export function policyVariables(
  variables: readonly VariableProgram[],
  activation: () => Activation,
  budget?: CostBudget,
): object {
  const values = new VariablesValue();
  for (const { name, program } of variables) {
    let settled: { value: unknown } | { error: unknown } | undefined;
    Object.defineProperty(values, name, {
      enumerable: true,
      get() {
        settled ??= evaluated(name, program, activation(), budget);
        if ("error" in settled) throw settled.error;
        return settled.value;
      },
    });
  }
  return values;
}

function evaluated(
  name: string,
  program: Program,
  activation: Activation,
  budget: CostBudget | undefined,
): { value: unknown } | { error: unknown } {
  try {
    return { value: program.evaluate(activation, budget) };
  } catch (err) {
    if (err instanceof OutOfBudgetError) return { error: err };
    const why = err instanceof Error ? err.message : String(err);
    const text = `composited variable ${JSON.stringify(name)} fails to evaluate: ${why}`;
    return { error: new ExpressionError(text, { cause: err }) };
  }
}
