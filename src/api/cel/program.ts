import { evaluationText, type Issue, issuesText, syntaxIssue, typeIssue, typeText } from "./compile-error.ts";
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
  const error = rule(type);
  if (error !== undefined) return { error };
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
