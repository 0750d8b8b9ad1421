/**
 * The verbs: what a request does to objects, from decoding to the store, free of HTTP. Who may ask is decided before;
 * what is filled in or refused on the way is admission's; what kinds are is api/kinds'.
 */
export type { PendingWrite, Reservation, WriteCompanion } from "./context.ts";
export { type ApiHandlerOptions, createApiHandler, deprecationOf, warningsOfError, withWarnings } from "./handler.ts";
export { selectionOf } from "./selection.ts";
export type {
  ReviewPorts,
  RulesReviewer,
  SubjectRules,
  TokenReviewer,
  TokenReviewResult,
} from "./subresources/review-ports.ts";
export type { IssuedToken, TokenIssuer, TokenOwner } from "./subresources/token.ts";
export { watchBacklogMax } from "./watch.ts";
