/** Macros and literals of the language that its library lacks. */
import type { Environment } from "../library.ts";
import { registerOptionalMacros } from "./optionals.ts";
import { registerSortBy } from "./sort-by.ts";
import { registerTwoVariableMacros } from "./two-variables.ts";

export { parseExpression } from "./optional-literals.ts";

export function registerMacros(environment: Environment): void {
  registerTwoVariableMacros(environment);
  registerOptionalMacros(environment);
  registerSortBy(environment);
}
