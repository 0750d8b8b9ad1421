import { readFileSync } from "node:fs";
import { parseYaml } from "../../api/codec/index.ts";
import type { Attributes } from "../auth/index.ts";

export const levels = ["None", "Metadata", "Request", "RequestResponse"] as const;
export type Level = (typeof levels)[number];
export const stages = ["RequestReceived", "ResponseStarted", "ResponseComplete", "Panic"] as const;
export type Stage = (typeof stages)[number];

export interface AuditRule {
  readonly level: Level;
  readonly users?: readonly string[];
  readonly userGroups?: readonly string[];
  readonly verbs?: readonly string[];
  readonly resources?: readonly {
    readonly group?: string;
    readonly resources?: readonly string[];
    readonly resourceNames?: readonly string[];
  }[];
  /** "" for what is in none. */
  readonly namespaces?: readonly string[];
  readonly nonResourceURLs?: readonly string[];
  readonly omitStages?: readonly Stage[];
  readonly omitManagedFields?: boolean;
}

/** `audit.k8s.io/v1` Policy. */
export interface AuditPolicy {
  readonly rules: readonly AuditRule[];
  readonly omitStages?: readonly Stage[];
  readonly omitManagedFields?: boolean;
}

/** A policy that cannot be read or makes no sense. */
export class AuditPolicyError extends Error {
  override readonly name = "AuditPolicyError";
}

/** What is kept of one request. */
export interface Verdict {
  readonly level: Level;
  readonly omitStages: ReadonlySet<Stage>;
  readonly omitManagedFields: boolean;
}

/** @throws AuditPolicyError */
export async function readAuditPolicy(file: string): Promise<AuditPolicy> {
  let value: unknown;
  try {
    ({ value } = await parseYaml(readFileSync(file)));
  } catch (error) {
    throw new AuditPolicyError(
      `loading audit policy file: failed to read file path ${JSON.stringify(file)}: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
  const policy = value as Partial<AuditPolicy> & { apiVersion?: string; kind?: string };
  if (policy?.kind !== "Policy" || policy.apiVersion !== "audit.k8s.io/v1") {
    throw new AuditPolicyError(`loading audit policy file: ${file} is no Policy of audit.k8s.io/v1`);
  }
  const { rules = [], omitStages, omitManagedFields } = policy;
  if (rules.length === 0) {
    throw new AuditPolicyError(`loading audit policy file: loaded illegal policy with 0 rules from file ${file}`);
  }
  const problems = [
    ...stageProblems(omitStages, "omitStages"),
    ...rules.flatMap((rule, at) => ruleProblems(rule, `rules[${at}]`)),
  ];
  if (problems.length > 0) throw new AuditPolicyError(`loading audit policy file: ${file}: ${problems.join(", ")}`);
  return { rules, omitStages, omitManagedFields };
}

function ruleProblems(rule: AuditRule, path: string): string[] {
  const found: string[] = [];
  if (!rule.level) found.push(`${path}.level: Required value`);
  else if (!levels.includes(rule.level)) found.push(unsupported(`${path}.level`, rule.level, levels));
  const ofResources = (rule.resources?.length ?? 0) > 0 || (rule.namespaces?.length ?? 0) > 0;
  if (ofResources && (rule.nonResourceURLs?.length ?? 0) > 0) {
    found.push(
      `${path}.nonResourceURLs: Invalid value: ${JSON.stringify(rule.nonResourceURLs)}: rules cannot apply to both regular resources and non-resource URLs`,
    );
  }
  for (const [at, url] of (rule.nonResourceURLs ?? []).entries()) {
    const place = `${path}.nonResourceURLs[${at}]: Invalid value: ${JSON.stringify(url)}`;
    if (url === "*") continue;
    if (!url.startsWith("/")) found.push(`${place}: non-resource URL rules must begin with a '/' character`);
    if (url.slice(0, -1).includes("*")) {
      found.push(`${place}: non-resource URL wildcards '*' must be the final character of the rule`);
    }
  }
  for (const [at, { resources = [], resourceNames = [] }] of (rule.resources ?? []).entries()) {
    if (resourceNames.length > 0 && resources.length === 0) {
      const value = JSON.stringify(resourceNames);
      found.push(
        `${path}.resources[${at}].resourceNames: Invalid value: ${value}: using resourceNames requires at least one resource`,
      );
    }
  }
  return [...found, ...stageProblems(rule.omitStages, `${path}.omitStages`)];
}

function stageProblems(given: readonly string[] | undefined, path: string): string[] {
  const known: readonly string[] = stages;
  return (given ?? []).flatMap((stage, at) =>
    known.includes(stage)
      ? []
      : [`${path}[${at}]: Invalid value: ${JSON.stringify(stage)}: allowed stages are ${stages.join(",")}`],
  );
}

function unsupported(path: string, value: string, allowed: readonly string[]): string {
  const names = allowed.map((name) => JSON.stringify(name)).join(", ");
  return `${path}: Unsupported value: ${JSON.stringify(value)}: supported values: ${names}`;
}

const nothing: Verdict = { level: "None", omitStages: new Set(), omitManagedFields: false };

/** The first rule that is about the request decides; what no rule is about is not kept. */
export function verdictOf(policy: AuditPolicy, attributes: Attributes): Verdict {
  for (const rule of policy.rules) {
    if (!isAbout(rule, attributes)) continue;
    return {
      level: rule.level,
      omitStages: new Set([...(policy.omitStages ?? []), ...(rule.omitStages ?? [])]),
      omitManagedFields: rule.omitManagedFields ?? policy.omitManagedFields ?? false,
    };
  }
  return nothing;
}

function isAbout(rule: AuditRule, attributes: Attributes): boolean {
  const { user, verb } = attributes;
  const { users = [], userGroups = [], verbs = [], namespaces = [], resources = [], nonResourceURLs = [] } = rule;
  if (users.length > 0 && !users.includes(user.name)) return false;
  if (userGroups.length > 0 && !user.groups.some((group) => userGroups.includes(group))) return false;
  if (verbs.length > 0 && !verbs.includes(verb)) return false;
  if (namespaces.length > 0 || resources.length > 0) {
    if (attributes.kind !== "resource") return false;
    if (namespaces.length > 0 && !namespaces.includes(attributes.namespace ?? "")) return false;
    return resources.length === 0 || resources.some((each) => isAboutResource(each, attributes));
  }
  if (nonResourceURLs.length === 0) return true;
  return attributes.kind === "path" && nonResourceURLs.some((url) => isAboutPath(url, attributes.path));
}

function isAboutResource(
  { group = "", resources = [], resourceNames = [] }: NonNullable<AuditRule["resources"]>[number],
  asked: Extract<Attributes, { kind: "resource" }>,
): boolean {
  if (group !== asked.group) return false;
  if (resources.length === 0) return true;
  if (resourceNames.length > 0 && !resourceNames.includes(asked.name ?? "")) return false;
  const { resource, subresource = "" } = asked;
  const whole = subresource === "" ? resource : `${resource}/${subresource}`;
  return resources.some(
    (one) =>
      one === "*" || one === whole || one === `${resource}/*` || (subresource !== "" && one === `*/${subresource}`),
  );
}

function isAboutPath(rule: string, path: string): boolean {
  return rule === "*" || rule === path || (rule.endsWith("*") && path.startsWith(rule.slice(0, -1)));
}
