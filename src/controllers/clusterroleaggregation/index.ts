/** Fills cluster roles that are the sum of others: the rules of all that their selectors match. */
import { labelSelectorAsSelector, matches, semanticEqual } from "../../api/meta/index.ts";
import type { ClusterRole, PolicyRule } from "../../api/types/index.ts";
import { done, resources, runController } from "../../client/index.ts";
import type { StartController } from "../context.ts";
import { compareText } from "../owners.ts";

export const startClusterRoleAggregation: StartController = ({ client, host, informers }) => {
  const roles = informers.informer(resources.clusterroles);
  const controller = runController({
    name: "clusterrole-aggregation-controller",
    host,
    synced: [roles],
    reconcile: async ({ name }) => {
      const role = roles.store.get(name);
      if (role?.aggregationRule === undefined) return done;
      const rules = aggregatedRules(role, roles.store.list());
      if (!semanticEqual(role.rules, rules)) await client.resource(resources.clusterroles).update({ ...role, rules });
      return done;
    },
  });
  const enqueueSums = (): void => {
    for (const role of roles.store.values()) if (role.aggregationRule !== undefined) controller.enqueue(role);
  };
  roles.addHandlers({ add: enqueueSums, update: enqueueSums, delete: enqueueSums });
  return controller;
};

/** In the order of the roles' names, each rule once. */
export function aggregatedRules(sum: ClusterRole, roles: readonly ClusterRole[]): PolicyRule[] {
  const rules: PolicyRule[] = [];
  for (const selector of sum.aggregationRule?.clusterRoleSelectors ?? []) {
    const parsed = labelSelectorAsSelector(selector);
    const parts = roles
      .filter((role) => role.metadata.name !== sum.metadata.name && matches(parsed, role.metadata.labels))
      .sort((a, b) => compareText(a.metadata.name ?? "", b.metadata.name ?? ""));
    for (const rule of parts.flatMap((role) => role.rules ?? [])) {
      if (!rules.some((known) => semanticEqual(known, rule))) rules.push(rule);
    }
  }
  return rules;
}
