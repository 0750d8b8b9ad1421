/** Admission by what is stored in the cluster: policies with expressions, their bindings and parameters, and how they match. */
export { mutatingAdmissionPolicy } from "./mutating-policy.ts";
export { type MatchCriteria, matchRequest, type RequestRule } from "./request-matching.ts";
export { validatingAdmissionPolicy } from "./validating-policy.ts";
