import type { KindStrategy } from "./generic.ts";
import { genericFacts } from "./generic-facts.ts";
import { kindStrategies } from "./kind-strategies.ts";

/** What is known of a resource's behaviour: its own strategy over the facts that hold for it in the generic path. */
export function ownStrategyOf(group: string, version: string, resource: string): KindStrategy {
  const own = kindStrategies[`${group}/${version}/${resource}`] ?? kindStrategies[`${group}/${resource}`];
  return { ...genericFacts(group, resource), ...own };
}
