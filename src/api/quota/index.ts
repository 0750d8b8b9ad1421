/** What objects take from the quotas of their namespace: the one calculation that admission and the controller share. */
export { type Amounts, amountsText, asAmounts, quantityText } from "./amounts.ts";
export {
  type CountedObject,
  countedResource,
  matchingNames,
  quotaMatches,
  uncoveredScopes,
  usageOf,
} from "./evaluate.ts";
export { isBestEffort, unspecifiedOf } from "./pod-usage.ts";
export { matchedScopes, type ScopeRequirement, scopesOf } from "./scopes.ts";
