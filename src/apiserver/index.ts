// The API server owns everything between a request and the store: authentication, authorization, flow control, admission,
// the verbs, discovery and the HTTP listeners. It leaves what kinds are to api/, and keeping them to store/.
export type { AdmissionChain, AdmissionPlugin } from "./admission/index.ts";
export {
  AdmissionConfigError,
  chosenAdmissionPlugins,
  createAdmissionChain,
  readAdmissionConfiguration,
} from "./admission/index.ts";
export { firstServiceIP } from "./allocation/index.ts";
export { Audit, AuditLogFile, type AuditLogOptions, AuditPolicyError, readAuditPolicy } from "./audit/index.ts";
export type { Attributes, Authorizer, Decision, RequestHeaderConfig } from "./auth/index.ts";
export {
  AuthenticationConfigError,
  type AuthorizationMode,
  authorizationModes,
  defaultRequestHeaders,
  issuerUrlProblems,
  JwtIssuer,
  type JwtIssuerConfig,
  readAuthenticationConfig,
  StaticTokens,
} from "./auth/index.ts";
export { type ComponentCheck, usualComponents } from "./component-statuses.ts";
export type { ServiceRouting } from "./extensions/service-client/index.ts";
export type { HealthCheck, KubeletClientConfig, Listener, NodeConnector, TlsFiles } from "./http/index.ts";
export { ListenError, serverVersion } from "./http/index.ts";
export * from "./request.ts";
export {
  type ApiServer,
  type ApiServerConfig,
  type ApiServerOptions,
  createApiServer,
  type FrontProxyOptions,
  type ListenAddress,
} from "./server.ts";
