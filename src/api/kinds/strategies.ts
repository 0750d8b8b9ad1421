import type { KindStrategy } from "./generic.ts";
import { genericFacts } from "./generic-facts.ts";
import { groupStrategies } from "./kind-strategies.ts";

/** What is known of a resource's behaviour: its own strategy over the facts that hold for it in the generic path. */
export function ownStrategyOf(group: string, version: string, resource: string): KindStrategy {
  const strategies = groupStrategies[group] ?? {};
  const own = strategies[`${version}/${resource}`] ?? strategies[resource];
  return { ...genericFacts(group, resource), ...own };
}
