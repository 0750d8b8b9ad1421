/**
 * Who sends a request and what they may do: certificates, service account tokens, impersonation, RBAC and its default
 * policy, and the answers to reviews.
 */
export { attributesOfRequest, forbidden, nameSelected, requireAllowed, requireAllowedAndTell } from "./access.ts";
export {
  type AnonymousConfig,
  type AuthenticationConfig,
  AuthenticationConfigError,
  issuerUrlProblems,
  type JwtIssuerConfig,
  readAuthenticationConfig,
} from "./authentication-config.ts";
export {
  type Authenticator,
  anonymous,
  createAuthenticator,
  type ShownCredentials,
  type TokenUsers,
} from "./authenticator.ts";
export {
  type AuthorizationMode,
  authorizationModes,
  authorizersOf,
  defaultAuthorizationModes,
} from "./authorization-modes.ts";
export type { Attributes, Authorizer, Decision } from "./authorizer.ts";
export { BootstrapTokens } from "./bootstrap-tokens.ts";
export { ClientCertificates } from "./client-certificate.ts";
export { createOnUpdateCheck, escalationCheck } from "./escalation.ts";
export { Impersonator } from "./impersonation.ts";
export { SigningKey } from "./jwt.ts";
export { JwtIssuer } from "./jwt-issuer.ts";
export { LegacyTokenUses } from "./legacy-token-uses.ts";
export { NodeAuthorizer } from "./node-authorizer.ts";
export { referencesOf } from "./pod-references.ts";
export { reconcileDefaultPolicy } from "./policy/reconcile.ts";
export type { PolicyRule } from "./policy-rule.ts";
export { RbacAuthorizer } from "./rbac-authorizer.ts";
export { RbacIndex } from "./rbac-index.ts";
export { defaultRequestHeaders, type RequestHeaderConfig, RequestHeaders } from "./request-header.ts";
export { rulesReviewer, tokenReviewer } from "./reviews.ts";
export { StaticTokens } from "./static-tokens.ts";
export { type IssuedToken, TokenIssuer, type TokenSpec } from "./token-issuer.ts";
export { TokenVerifier, type VerifiedToken } from "./token-verifier.ts";
export { unionAuthorizer } from "./union-authorizer.ts";
