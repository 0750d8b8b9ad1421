/**
 * Who asked for what, and what became of it: events of requests, as the policy of `--audit-policy-file` wants them, written
 * to the log of `--audit-log-path`.
 */
export { Audit, type AuditedRequest } from "./audit.ts";
export { auditedHandler } from "./audited-handler.ts";
export { AuditLogFile, type AuditLogOptions } from "./log-file.ts";
export { type AuditPolicy, AuditPolicyError, readAuditPolicy } from "./policy.ts";
export type { AuditTrail } from "./trail.ts";
