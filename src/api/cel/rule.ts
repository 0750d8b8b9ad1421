import { typeText } from "./compile-error.ts";
import { ruleEnvironment } from "./environment.ts";
import { type Compilation, compileIn } from "./program.ts";

/** A rule of a custom resource's schema, over `self` and `oldSelf`. What is known only at run time may be anything. */
export function compileRule(expression: string): Compilation {
  return compileIn(ruleEnvironment(), expression, (type) =>
    type === "bool" || type.startsWith("dyn") ? undefined : "cel expression must evaluate to a bool",
  );
}

/** What says why a rule is broken. */
export function compileRuleMessage(expression: string): Compilation {
  return compileIn(ruleEnvironment(), expression, (type) =>
    type === "string" || type.startsWith("dyn")
      ? undefined
      : `messageExpression must evaluate to a string, not ${typeText(type)}`,
  );
}
