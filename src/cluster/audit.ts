import { Audit, AuditLogFile, type AuditLogOptions, AuditPolicyError, readAuditPolicy } from "../apiserver/index.ts";
import type { Host } from "../host/index.ts";

/** As the original's flags of these names. */
export interface AuditSettings {
  /** A Policy of audit.k8s.io/v1: without it nothing is told. */
  readonly policyFile?: string;
  /** Without its path there is no log. */
  readonly log?: AuditLogOptions;
}

/** Undefined when nothing is to be told. @throws AuditPolicyError */
export async function openAudit(host: Host, settings: AuditSettings | undefined): Promise<Audit | undefined> {
  const { policyFile, log } = settings ?? {};
  if (policyFile === undefined) {
    if (log !== undefined) host.log.warn("no audit policy file, no events will be recorded", { path: log.path });
    return undefined;
  }
  const policy = await readAuditPolicy(policyFile);
  if (log === undefined) return undefined;
  try {
    return new Audit(policy, new AuditLogFile(log, host.clock), host);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new AuditPolicyError(`the audit log ${log.path} cannot be written: ${why}`);
  }
}
