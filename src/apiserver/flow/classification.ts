import type { FlowSchema, flowcontrolV1 } from "../../api/types/index.ts";
import type { UserInfo } from "../request.ts";
import type { LimitedRequest } from "./limiter.ts";

/** Whether a request is one that a flow schema is about. */
export type Matcher = (user: UserInfo, request: LimitedRequest) => boolean;

/** A flow schema's rules, made ready to be asked about every request. */
export function matcherOf({ spec }: FlowSchema): Matcher {
  const rules = (spec.rules ?? []).map(ruleMatcher);
  return (user, request) => rules.some((matches) => matches(user, request));
}

/** Those that match first come first: by precedence, then by name. */
export function inPrecedence(schemas: Iterable<FlowSchema>): FlowSchema[] {
  const precedence = ({ spec }: FlowSchema) => spec.matchingPrecedence ?? 0;
  return [...schemas].sort(
    (a, b) => precedence(a) - precedence(b) || ((a.metadata.name ?? "") < (b.metadata.name ?? "") ? -1 : 1),
  );
}

function ruleMatcher({ subjects, resourceRules, nonResourceRules }: flowcontrolV1.PolicyRulesWithSubjects): Matcher {
  const isSubject = subjectMatcher(subjects);
  const resources = (resourceRules ?? []).map(resourceMatcher);
  const paths = (nonResourceRules ?? []).map(pathMatcher);
  return (user, request) => {
    if (!isSubject(user)) return false;
    const targets = request.isResource ? resources : paths;
    return targets.some((matches) => matches(request));
  };
}

const accountPrefix = "system:serviceaccount:";

function subjectMatcher(subjects: readonly flowcontrolV1.Subject[]): (user: UserInfo) => boolean {
  const users = new Set<string>();
  const groups = new Set<string>();
  const accountsOf: string[] = [];
  for (const { user, group, serviceAccount } of subjects) {
    if (user) users.add(user.name);
    if (group) groups.add(group.name);
    if (!serviceAccount) continue;
    const { namespace, name } = serviceAccount;
    if (name === "*") accountsOf.push(`${accountPrefix}${namespace}:`);
    else users.add(`${accountPrefix}${namespace}:${name}`);
  }
  const anyone = users.has("*") || groups.has("*");
  return (user) => {
    if (anyone || users.has(user.name)) return true;
    for (const group of user.groups) if (groups.has(group)) return true;
    for (const prefix of accountsOf) if (user.name.startsWith(prefix)) return true;
    return false;
  };
}

function resourceMatcher(rule: flowcontrolV1.ResourcePolicyRule): (request: LimitedRequest) => boolean {
  const verbs = wordSet(rule.verbs);
  const groups = wordSet(rule.apiGroups);
  const resources = wordSet(rule.resources);
  const namespaces = wordSet(rule.namespaces ?? []);
  const { clusterScope = false } = rule;
  return ({ verb, group, resource, subresource, namespace }) => {
    if (!(verbs(verb) && groups(group))) return false;
    if (!resources(subresource === "" ? resource : `${resource}/${subresource}`)) return false;
    return namespace === "" ? clusterScope : namespaces(namespace);
  };
}

function pathMatcher({
  verbs,
  nonResourceURLs,
}: flowcontrolV1.NonResourcePolicyRule): (request: LimitedRequest) => boolean {
  const isVerb = wordSet(verbs);
  const exact = new Set(nonResourceURLs.filter((url) => !url.endsWith("*")));
  const prefixes = nonResourceURLs.filter((url) => url.endsWith("*")).map((url) => url.slice(0, -1));
  return ({ verb, path }) => {
    if (!isVerb(verb)) return false;
    if (exact.has(path)) return true;
    return prefixes.some((prefix) => path.startsWith(prefix) || `${path}/` === prefix);
  };
}

function wordSet(words: readonly string[]): (word: string) => boolean {
  if (words.includes("*")) return () => true;
  const known = new Set(words);
  return (word) => known.has(word);
}
