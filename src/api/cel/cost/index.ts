/** What expressions cost, in the original's units: counted while they are evaluated, and estimated before. */
export { CostBudget, OutOfBudgetError } from "./budget.ts";
export { cardinality, ownBound, schemaSizes } from "./schema-sizes.ts";
