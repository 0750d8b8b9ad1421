import { ruleEnvironment } from "./environment.ts";
import { type Compilation, compileIn } from "./program.ts";

/** A rule of a custom resource's schema, over `self` and `oldSelf`. @param types `bool` for the rule, `string` for its message */
export function compileRule(expression: string, ...types: string[]): Compilation {
  return compileIn(ruleEnvironment(), expression, types);
}
