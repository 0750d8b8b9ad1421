import type { KubeObject } from "../../api/meta/index.ts";

export interface PolicyRule {
  readonly verbs: readonly string[];
  readonly apiGroups?: readonly string[];
  readonly resources?: readonly string[];
  readonly resourceNames?: readonly string[];
  readonly nonResourceURLs?: readonly string[];
}

export type RoleObject = KubeObject & {
  rules?: readonly PolicyRule[] | null;
  aggregationRule?: { clusterRoleSelectors?: readonly { matchLabels?: Record<string, string> }[] };
};

export interface Subject {
  readonly kind: string;
  readonly apiGroup?: string;
  readonly name: string;
  readonly namespace?: string;
}

export interface RoleRef {
  readonly apiGroup: string;
  readonly kind: string;
  readonly name: string;
}

export type BindingObject = KubeObject & { roleRef: RoleRef; subjects?: readonly Subject[] | null };

const all = "*";

/** `target` is the resource, with its subresource after a slash. */
export function ruleAllowsResource(
  rule: PolicyRule,
  verb: string,
  group: string,
  target: string,
  subresource: string,
  name: string,
): boolean {
  return (
    includesOrAll(rule.verbs, verb) &&
    includesOrAll(rule.apiGroups, group) &&
    coversResource(rule.resources, target, subresource) &&
    (rule.resourceNames === undefined || rule.resourceNames.length === 0 || rule.resourceNames.includes(name))
  );
}

export function ruleAllowsPath(rule: PolicyRule, verb: string, path: string): boolean {
  return includesOrAll(rule.verbs, verb) && coversPath(rule.nonResourceURLs, path);
}

function includesOrAll(values: readonly string[] | undefined, value: string): boolean {
  return values !== undefined && (values.includes(value) || values.includes(all));
}

function coversResource(resources: readonly string[] | undefined, target: string, subresource: string): boolean {
  if (resources === undefined) return false;
  if (resources.includes(target) || resources.includes(all)) return true;
  return subresource !== "" && resources.includes(`*/${subresource}`);
}

function coversPath(urls: readonly string[] | undefined, path: string): boolean {
  if (urls === undefined) return false;
  return urls.some((url) => url === all || url === path || (url.endsWith("*") && path.startsWith(url.slice(0, -1))));
}

/** The parts of `wanted` that `held` does not give, each for one verb and one target, as the original breaks rules down. */
export function uncoveredRules(held: readonly PolicyRule[], wanted: readonly PolicyRule[]): PolicyRule[] {
  return wanted.flatMap(breakDown).filter((part) => !held.some((rule) => coversPart(rule, part)));
}

/** Whether `held` gives everything that `wanted` does. */
export function covers(held: readonly PolicyRule[], wanted: PolicyRule): boolean {
  return uncoveredRules(held, [wanted]).length === 0;
}

function breakDown(rule: PolicyRule): PolicyRule[] {
  const parts: PolicyRule[] = [];
  for (const group of rule.apiGroups ?? []) {
    for (const resource of rule.resources ?? []) {
      for (const verb of rule.verbs) {
        const part = { verbs: [verb], apiGroups: [group], resources: [resource] };
        if (rule.resourceNames === undefined || rule.resourceNames.length === 0) parts.push(part);
        else for (const name of rule.resourceNames) parts.push({ ...part, resourceNames: [name] });
      }
    }
  }
  for (const url of rule.nonResourceURLs ?? []) {
    for (const verb of rule.verbs) parts.push({ verbs: [verb], nonResourceURLs: [url] });
  }
  return parts;
}

function coversPart(rule: PolicyRule, part: PolicyRule): boolean {
  const [verb = ""] = part.verbs;
  if (!includesOrAll(rule.verbs, verb)) return false;
  const [url] = part.nonResourceURLs ?? [];
  if (url !== undefined) return coversPath(rule.nonResourceURLs, url);
  const [group = ""] = part.apiGroups ?? [];
  const [target = ""] = part.resources ?? [];
  const [name] = part.resourceNames ?? [];
  const slash = target.indexOf("/");
  const subresource = slash < 0 ? "" : target.slice(slash + 1);
  if (!includesOrAll(rule.apiGroups, group) || !coversResource(rule.resources, target, subresource)) return false;
  if (rule.resourceNames === undefined || rule.resourceNames.length === 0) return true;
  return name !== undefined && rule.resourceNames.includes(name);
}

/** A rule as messages show it. */
export function ruleText(rule: PolicyRule): string {
  const fields: [string, readonly string[] | undefined][] = [
    ["APIGroups", rule.apiGroups],
    ["Resources", rule.resources],
    ["ResourceNames", rule.resourceNames],
    ["NonResourceURLs", rule.nonResourceURLs],
    ["Verbs", rule.verbs],
  ];
  const shown = fields.filter(([, values]) => values !== undefined && values.length > 0);
  return `{${shown.map(([name, values]) => `${name}:[${(values ?? []).map((one) => JSON.stringify(one)).join(" ")}]`).join(", ")}}`;
}
