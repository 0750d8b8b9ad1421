import type { UserInfo } from "../request.ts";
import type { RbacAuthorizer } from "./rbac-authorizer.ts";
import type { TokenVerifier } from "./token-verifier.ts";

/** Answers SelfSubjectRulesReview: the rules as RBAC has them. */
export function rulesReviewer(rbac: RbacAuthorizer) {
  return {
    rulesFor(user: UserInfo, namespace: string) {
      const rules = rbac.rulesFor(user, namespace);
      return {
        resourceRules: rules.filter((rule) => (rule.resources ?? []).length > 0),
        nonResourceRules: rules.filter((rule) => (rule.nonResourceURLs ?? []).length > 0),
        incomplete: false,
      };
    },
  };
}

/** Answers TokenReview. */
export function tokenReviewer(tokens: TokenVerifier) {
  return {
    async review(token: string, audiences: readonly string[]) {
      const verified = await tokens.verify(token, audiences.length > 0 ? audiences : undefined);
      if (verified === undefined) return { error: "invalid bearer token" };
      return { user: verified.user, audiences: verified.audiences };
    },
  };
}
