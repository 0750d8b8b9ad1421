import type { UserInfo } from "../../request.ts";

/** What somebody may do in a namespace, as SelfSubjectRulesReview answers. */
export interface SubjectRules {
  readonly resourceRules: readonly {
    readonly verbs: readonly string[];
    readonly apiGroups?: readonly string[];
    readonly resources?: readonly string[];
    readonly resourceNames?: readonly string[];
  }[];
  readonly nonResourceRules: readonly {
    readonly verbs: readonly string[];
    readonly nonResourceURLs?: readonly string[];
  }[];
  readonly incomplete: boolean;
  readonly evaluationError?: string;
}

export interface RulesReviewer {
  rulesFor(user: UserInfo, namespace: string): SubjectRules;
}

export interface TokenReviewResult {
  readonly user?: UserInfo;
  readonly audiences?: readonly string[];
  /** Why the token is not good. */
  readonly error?: string;
}

export interface TokenReviewer {
  review(token: string, audiences: readonly string[]): Promise<TokenReviewResult>;
}

/** What authentication and authorization answer reviews with. A review without its port is not found. */
export interface ReviewPorts {
  readonly rules?: RulesReviewer;
  readonly tokens?: TokenReviewer;
}
