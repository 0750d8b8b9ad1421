import type { UserInfo } from "../request.ts";
import type { TokenUsers } from "./authenticator.ts";
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

/**
 * Answers TokenReview.
 * @param others whose tokens name no audiences: they are meant for the API server's own
 */
export function tokenReviewer(tokens: TokenVerifier, others: readonly TokenUsers[], own: readonly string[]) {
  const byOthers = async (token: string, audiences: readonly string[]) => {
    const meant = audiences.length === 0 ? own : audiences.filter((one) => own.includes(one));
    if (meant.length === 0) return undefined;
    for (const other of others) {
      const user = await other.userOf(token);
      if (user !== undefined) return { user, audiences: meant };
    }
    return undefined;
  };
  return {
    async review(token: string, audiences: readonly string[]) {
      const verified = await tokens.verify(token, audiences.length > 0 ? audiences : undefined);
      if (verified === undefined) return (await byOthers(token, audiences)) ?? { error: "invalid bearer token" };
      return { user: verified.user, audiences: verified.audiences };
    },
  };
}
