import {
  type Activation,
  type CostBudget,
  compilePolicy,
  policyVariables,
  type VariableProgram,
} from "../../../api/cel/index.ts";
import type { ValidatingAdmissionPolicy } from "../../../api/types/index.ts";
import type { RequestValues } from "./activation.ts";
import { type CompiledCondition, compileConditions } from "./conditions.ts";

export interface CompiledValidation extends CompiledCondition {
  readonly message: string;
  readonly messageExpression?: CompiledCondition;
  readonly reason: string;
}

export interface CompiledAnnotation extends CompiledCondition {
  readonly key: string;
}

/** All expressions of one version of a policy. */
export interface CompiledValidatingPolicy {
  readonly conditions: readonly CompiledCondition[];
  readonly variables: readonly VariableProgram[];
  readonly validations: readonly CompiledValidation[];
  readonly annotations: readonly CompiledAnnotation[];
}

/** Stored objects do not change: a new version of a policy is another object. */
const compiledPolicies = new WeakMap<ValidatingAdmissionPolicy, CompiledValidatingPolicy>();

export function compiledValidatingPolicy(policy: ValidatingAdmissionPolicy): CompiledValidatingPolicy {
  const known = compiledPolicies.get(policy);
  if (known !== undefined) return known;
  const made = compile(policy);
  compiledPolicies.set(policy, made);
  return made;
}

function compile({ spec }: ValidatingAdmissionPolicy): CompiledValidatingPolicy {
  const hasParams = spec.paramKind !== undefined;
  const compiler = compilePolicy({ hasParams }, (spec.variables ?? []).length > 0);
  const variables = compileVariables(compiler, spec.variables);
  const one = (expression: string, ...types: string[]): CompiledCondition => ({
    expression,
    ...compiler.compile(expression, ...types),
  });
  return {
    conditions: compileConditions(spec.matchConditions, hasParams),
    variables,
    validations: (spec.validations ?? []).map(({ expression = "", message = "", messageExpression, reason }) => ({
      ...one(expression, "bool"),
      message,
      messageExpression: messageExpression ? one(messageExpression, "string") : undefined,
      reason: reason ?? "Invalid",
    })),
    annotations: (spec.auditAnnotations ?? []).map(({ key = "", valueExpression = "" }) => ({
      key,
      ...one(valueExpression, "string", "null"),
    })),
  };
}

/** Those that compile; whoever names another one does not compile either. */
export function compileVariables(
  compiler: ReturnType<typeof compilePolicy>,
  variables: readonly { readonly name?: string; readonly expression?: string }[] | undefined,
): VariableProgram[] {
  return (variables ?? []).flatMap(({ name = "", expression = "" }) => {
    const { program } = compiler.variable(name, expression);
    return program === undefined ? [] : [{ name, program }];
  });
}

/** What the expressions see: the request, the parameters, and the variables, which see the same. */
export function activationOf(
  values: RequestValues,
  params: unknown,
  variables: readonly VariableProgram[],
  budget?: CostBudget,
): Activation {
  const activation: Record<string, unknown> = { ...values, params };
  activation.variables = policyVariables(variables, () => activation, budget);
  return activation;
}
