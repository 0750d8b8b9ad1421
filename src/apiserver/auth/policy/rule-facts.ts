import type { PolicyRule } from "../policy-rule.ts";

/**
 * A rule in short: verbs, API groups (`core` is ""), resources, resource names; or verbs and paths. Each a list of words.
 * The stored rule has them sorted, as the original's.
 */
export type RuleFacts =
  | readonly [verbs: string, groups: string, resources: string]
  | readonly [verbs: string, groups: string, resources: string, names: string]
  | { readonly verbs: string; readonly paths: string };

export function rulesOf(facts: readonly RuleFacts[]): PolicyRule[] {
  return facts.map(ruleOf);
}

function ruleOf(facts: RuleFacts): PolicyRule {
  if ("paths" in facts) return { nonResourceURLs: words(facts.paths), verbs: words(facts.verbs) };
  const [verbs, groups, resources, names] = facts;
  const rule = {
    apiGroups: words(groups).map((group) => (group === "core" ? "" : group)),
    resources: words(resources),
  };
  return names === undefined
    ? { ...rule, verbs: words(verbs) }
    : { ...rule, resourceNames: words(names), verbs: words(verbs) };
}

function words(text: string): string[] {
  return text.split(" ").sort();
}

export const read = "get list watch";
export const write = "create update patch delete deletecollection";
export const readUpdate = "get list watch update patch";
export const events: RuleFacts = ["create update patch", "core events.k8s.io", "events"];
