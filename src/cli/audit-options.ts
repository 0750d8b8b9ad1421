import { type Command, Option } from "commander";
import type { AuditSettings } from "../cluster/index.ts";
import { integerIn } from "./values.ts";

export interface AuditFlags {
  readonly auditPolicyFile?: string;
  readonly auditLogPath?: string;
  readonly auditLogFormat: "json" | "legacy";
  readonly auditLogMaxage: number;
  readonly auditLogMaxbackup: number;
  readonly auditLogMaxsize: number;
}

const countMax = 1_000_000;

/** Who asked for what: flags with the original's names and defaults. */
export function addAuditFlags(command: Command): Command {
  return command
    .option("--audit-policy-file <file>", "Policy of audit.k8s.io/v1: which requests are told of, and how much")
    .option("--audit-log-path <file>", "where audit events go, one a line; - is standard output")
    .addOption(
      new Option("--audit-log-format <format>", "form of these lines").choices(["json", "legacy"]).default("json"),
    )
    .option("--audit-log-maxage <days>", "days that old audit logs are kept; 0: for ever", integerIn(0, countMax), 0)
    .option("--audit-log-maxbackup <n>", "old audit logs that are kept; 0: all", integerIn(0, countMax), 0)
    .option(
      "--audit-log-maxsize <mebibytes>",
      "size at which a new audit log is begun; 0: 100",
      integerIn(0, countMax),
      0,
    );
}

export function auditSettings(flags: AuditFlags): AuditSettings {
  const { auditPolicyFile: policyFile, auditLogPath: path } = flags;
  const { auditLogFormat: format, auditLogMaxage: maxAgeDays, auditLogMaxbackup: maxBackups } = flags;
  const log =
    path === undefined ? undefined : { path, format, maxAgeDays, maxBackups, maxSizeMiB: flags.auditLogMaxsize };
  return { policyFile, log };
}
