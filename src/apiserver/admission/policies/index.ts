/** Admission by what is stored in the cluster: policies with expressions, their bindings and parameters, and how they match. */
export { inVersion, type RequestValues, requestFacts, requestValues } from "./activation.ts";
export { activationOf } from "./compiled-validating-policy.ts";
export { type CompiledCondition, compileConditions, conditionsHold } from "./conditions.ts";
export { mutatingAdmissionPolicy } from "./mutating-policy.ts";
export { mutateObject } from "./mutation.ts";
export { FollowedObjects, isExemptConfiguration } from "./policy-objects.ts";
export { type Reinvocation, Reinvocations } from "./reinvocation.ts";
export {
  type MatchCriteria,
  matchedVersion,
  matchesNamespace,
  matchesObjects,
  matchRequest,
  type RequestRule,
} from "./request-matching.ts";
export { validatingAdmissionPolicy } from "./validating-policy.ts";
