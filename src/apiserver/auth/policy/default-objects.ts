import type { BindingObject, PolicyRule, RoleObject, Subject } from "../policy-rule.ts";
import { type BoundFacts, type ClusterRoleFacts, clusterRoleFacts } from "./cluster-roles.ts";
import { controllerRoleFacts } from "./controller-roles.ts";
import { namespaceRoleFacts } from "./namespace-roles.ts";
import { rulesOf } from "./rule-facts.ts";

const apiVersion = "rbac.authorization.k8s.io/v1";
const apiGroup = "rbac.authorization.k8s.io";
const bootstrapLabels = { "kubernetes.io/bootstrapping": "rbac-defaults" };
export const autoUpdateAnnotation = "rbac.authorization.kubernetes.io/autoupdate";
const aggregateLabel = (target: string): string => `rbac.authorization.k8s.io/aggregate-to-${target}`;
const controllerPrefix = "system:controller:";

export interface DefaultObject<T> {
  /** Of the store. */
  readonly key: string;
  readonly object: T;
}

/** The roles that a cluster starts with. */
export function defaultRoles(): DefaultObject<RoleObject>[] {
  const clusterRoles = Object.entries(clusterRoleFacts).map(([name, facts]) => clusterRole(name, facts));
  const controllerRoles = Object.entries(controllerRoleFacts).map(([name, rules]) =>
    clusterRole(controllerPrefix + name, { rules }),
  );
  const namespaceRoles = namespaceRoleFacts.map(({ namespace, role, rules }) => ({
    key: `/registry/roles/${namespace}/${role}`,
    object: { apiVersion, kind: "Role", metadata: metadata(role, namespace), rules: rulesOf(rules) },
  }));
  return [...clusterRoles, ...controllerRoles, ...namespaceRoles];
}

function clusterRole(name: string, facts: ClusterRoleFacts): DefaultObject<RoleObject> {
  const { aggregatedTo, aggregates } = facts;
  const meta = metadata(name);
  if (aggregatedTo !== undefined) meta.labels[aggregateLabel(aggregatedTo)] = "true";
  const object: RoleObject = { apiVersion, kind: "ClusterRole", metadata: meta, rules: gatheredRules(facts) };
  if (aggregates !== undefined) {
    object.aggregationRule = { clusterRoleSelectors: [{ matchLabels: { [aggregateLabel(aggregates)]: "true" } }] };
  }
  return { key: `/registry/clusterroles/${name}`, object };
}

/** What the aggregation controller would gather, so that the roles work from the first moment and without controllers. */
function gatheredRules(facts: ClusterRoleFacts): PolicyRule[] {
  const { aggregates, rules = [] } = facts;
  if (aggregates === undefined) return rulesOf(rules);
  const gathered = new Map<string, PolicyRule>();
  for (const [, part] of Object.entries(clusterRoleFacts).sort(([a], [b]) => (a < b ? -1 : 1))) {
    if (part.aggregatedTo !== aggregates) continue;
    for (const rule of gatheredRules(part)) gathered.set(JSON.stringify(rule), rule);
  }
  return [...gathered.values()];
}

/** The bindings that a cluster starts with. */
export function defaultBindings(): DefaultObject<BindingObject>[] {
  const clusterBindings = Object.entries(clusterRoleFacts).flatMap(([name, { bound }]) =>
    bound === undefined ? [] : [clusterBinding(name, bound)],
  );
  const controllerBindings = Object.keys(controllerRoleFacts).map((name) =>
    clusterBinding(controllerPrefix + name, { accounts: [`kube-system/${name}`] }),
  );
  const namespaceBindings = namespaceRoleFacts.map(({ namespace, role, binding = role, bound }) => ({
    key: `/registry/rolebindings/${namespace}/${binding}`,
    object: {
      apiVersion,
      kind: "RoleBinding",
      metadata: metadata(binding, namespace),
      roleRef: { apiGroup, kind: "Role", name: role },
      subjects: subjectsOf(bound),
    },
  }));
  return [...clusterBindings, ...controllerBindings, ...namespaceBindings];
}

function clusterBinding(name: string, bound: BoundFacts): DefaultObject<BindingObject> {
  const subjects = subjectsOf(bound);
  const object: BindingObject = {
    apiVersion,
    kind: "ClusterRoleBinding",
    metadata: metadata(name),
    roleRef: { apiGroup, kind: "ClusterRole", name },
    ...(subjects.length > 0 && { subjects }),
  };
  return { key: `/registry/clusterrolebindings/${name}`, object };
}

function subjectsOf({ groups = [], users = [], accounts = [] }: BoundFacts): Subject[] {
  return [
    ...groups.map((name) => ({ kind: "Group", apiGroup, name })),
    ...users.map((name) => ({ kind: "User", apiGroup, name })),
    ...accounts.map((account) => {
      const [namespace = "", name = ""] = account.split("/");
      return { kind: "ServiceAccount", name, namespace };
    }),
  ];
}

function metadata(name: string, namespace?: string): RoleObject["metadata"] & { labels: Record<string, string> } {
  return {
    name,
    ...(namespace !== undefined && { namespace }),
    labels: { ...bootstrapLabels },
    annotations: { [autoUpdateAnnotation]: "true" },
  };
}
