import { evaluationText, type Issue, issuesText, syntaxIssue, typeIssue } from "./compile-error.ts";
import type { Environment } from "./library.ts";

/** A compiled expression. */
export interface Program {
  readonly expression: string;
  /** `bool`, `string`, `dyn`, `list<int>`, ... */
  readonly type: string;
  /** @throws ExpressionError */
  evaluate(activation: Activation): unknown;
}

/** The values of an environment's variables, by name. */
export type Activation = Readonly<Record<string, unknown>>;

/** Either, never both. `error` is what the original writes behind the field's path and value. */
export type Compilation =
  | { readonly program: Program; readonly error?: undefined }
  | { readonly program?: undefined; readonly error: string };

/** An expression could not be evaluated; the message is the original's. */
export class ExpressionError extends Error {
  override readonly name = "ExpressionError";
}

/** @param types what it may be; `dyn` always may */
export function compileIn(environment: Environment, expression: string, types: readonly string[]): Compilation {
  let parsed: ReturnType<Environment["parse"]>;
  try {
    parsed = environment.parse(expression);
  } catch (err) {
    return failed(expression, [syntaxIssue(expression, err as Error)]);
  }
  const checked = parsed.check();
  if (!checked.valid) {
    const first = checked.error ?? new Error("the expression has no type");
    return failed(expression, allIssues(environment, expression, first));
  }
  const type = checked.type ?? "dyn";
  if (!types.includes("any") && !types.includes(type) && !type.startsWith("dyn")) return { error: wrongType(types) };
  return { program: { expression, type, evaluate: (activation) => evaluate(parsed, activation) } };
}

function evaluate(parsed: ReturnType<Environment["parse"]>, activation: Activation): unknown {
  try {
    return parsed(activation);
  } catch (err) {
    if (err instanceof ExpressionError) throw err;
    throw new ExpressionError(evaluationText(err), { cause: err });
  }
}

function wrongType(types: readonly string[]): string {
  const names = types.map((type) => (type === "null" ? "null_type" : type));
  return names.length === 1 ? `must evaluate to ${names[0]}` : `must evaluate to one of [${names.join(" ")}]`;
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
    const checked = current.check(expression);
    failure = checked.valid ? undefined : checked.error;
  }
  return issues.sort((a, b) => a.at - b.at);
}
