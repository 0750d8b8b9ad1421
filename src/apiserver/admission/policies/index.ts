/** Admission by what is stored in the cluster: policies with expressions, their bindings and parameters, and how they match. */
export { type RequestValues, requestValues } from "./activation.ts";
export { type CompiledCondition, compileConditions, conditionsHold } from "./conditions.ts";
export { mutatingAdmissionPolicy } from "./mutating-policy.ts";
export { type MatchCriteria, matchRequest, type RequestRule } from "./request-matching.ts";
export { validatingAdmissionPolicy } from "./validating-policy.ts";
