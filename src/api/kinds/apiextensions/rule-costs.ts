import { expressionLimits } from "../../cel/index.ts";
import type { FieldError, FieldPath } from "../../meta/index.ts";
import { fieldError } from "../../meta/index.ts";

/** How many of the rules that cost most are told when all together cost too much. */
const tellsMax = 4;
/** Above it the original tells no number: such a rule needs bounds. */
const factorToldMax = 100;
const factorRoundedMin = 1.5;

/** What the rules of one schema cost at worst. */
export class RuleCosts {
  #total = 0;
  #most: { readonly path: FieldPath; readonly cost: number }[] = [];

  /** @param cost of one evaluation, times how often it is made */
  add(path: FieldPath, cost: number): void {
    this.#total += cost;
    this.#most.push({ path, cost });
    this.#most.sort((a, b) => b.cost - a.cost);
    this.#most.length = Math.min(this.#most.length, tellsMax);
  }

  checkTotal(path: FieldPath, out: FieldError[]): void {
    if (this.#total <= expressionLimits.schemaCost) return;
    const detail = "contributed to estimated rule cost total exceeding cost limit for entire OpenAPIv3 schema";
    for (const { path: at } of this.#most) out.push(fieldError.forbidden(at, detail));
    const what = "x-kubernetes-validations estimated rule cost total for entire OpenAPIv3 schema";
    out.push(fieldError.forbidden(path, exceeding(what, this.#total, expressionLimits.schemaCost)));
  }
}

/** @param what `estimated rule cost` */
export function checkCost(what: string, cost: number, path: FieldPath, out: FieldError[]): void {
  if (cost > expressionLimits.ruleCost) {
    out.push(fieldError.forbidden(path, exceeding(what, cost, expressionLimits.ruleCost)));
  }
}

function exceeding(what: string, cost: number, limit: number): string {
  const factor = cost / limit;
  const told = factor > factorToldMax ? "more than 100x" : `${factor.toFixed(factor < factorRoundedMin ? 6 : 1)}x`;
  const advice =
    "try simplifying the rule, or adding maxItems, maxProperties, and maxLength where arrays, maps, and strings are declared";
  return `${what} exceeds budget by factor of ${told} (${advice})`;
}
