/**
 * The Common Expression Language as Kubernetes has it: what expressions of each place may name, whether they compile, in
 * the original's words when they do not, and what they evaluate to. The language itself is loaded with the first expression.
 */

export { CostBudget, OutOfBudgetError, ownBound } from "./cost/index.ts";
export { compileDeviceSelector, type Device, type DeviceAttribute, selectsDevice } from "./device.ts";
export type { AuthorizationCheck, AuthorizationDecision, Authorize } from "./extensions/index.ts";
export { authorizerValue } from "./extensions/index.ts";
export { limits as expressionLimits } from "./limits.ts";
export {
  compileMatchCondition,
  compilePolicy,
  type PolicyCompiler,
  policyVariables,
  type VariableProgram,
} from "./policy.ts";
export { type Activation, type Compilation, ExpressionError, type Program } from "./program.ts";
export {
  type GroupVersionKind,
  type GroupVersionResource,
  type RequestFacts,
  type RequestUser,
  requestValue,
} from "./request.ts";
export { RuleCompiler } from "./rule.ts";
export { compileSchemaRules, type SchemaRules } from "./schema-rules.ts";
export type { RuleSchema, SchemaRule } from "./schema-types.ts";
export { schemaOfShape } from "./shape-schema.ts";
export { PolicyTypeChecker, type TypedPolicy } from "./type-check.ts";
export { celEquals, fromCel, toCel } from "./values.ts";
