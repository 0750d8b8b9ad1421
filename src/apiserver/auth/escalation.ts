import { errors, type KubeObject } from "../../api/meta/index.ts";
import type { AdmissionPlugin, Attributes } from "../admission/index.ts";
import type { UserInfo } from "../request.ts";
import { requireAllowed } from "./access.ts";
import type { Authorizer } from "./authorizer.ts";
import { type BindingObject, type PolicyRule, type RoleObject, ruleText, uncoveredRules } from "./policy-rule.ts";
import type { RbacAuthorizer } from "./rbac-authorizer.ts";

const group = "rbac.authorization.k8s.io";
const version = "v1";
const privilegedGroup = "system:masters";
const roles: ReadonlySet<string> = new Set(["roles", "clusterroles"]);
const bindings: ReadonlySet<string> = new Set(["rolebindings", "clusterrolebindings"]);

/** Nobody grants what he does not hold, except with the verbs `escalate` (on roles) and `bind` (on the role to be bound). */
export function escalationCheck(authorizer: Authorizer, rbac: RbacAuthorizer): AdmissionPlugin {
  return {
    name: "RBACEscalationCheck",
    handles: ({ kind, operation, subresource, user }) =>
      kind.group === group && subresource === "" && operation !== "DELETE" && !user.groups.includes(privilegedGroup),
    validate(attributes) {
      if (roles.has(attributes.kind.resource)) checkRole(authorizer, rbac, attributes);
      else if (bindings.has(attributes.kind.resource)) checkBinding(authorizer, rbac, attributes);
    },
  };
}

function checkRole(authorizer: Authorizer, rbac: RbacAuthorizer, attributes: Attributes): void {
  const { kind, namespace, name, user } = attributes;
  const role = attributes.object as RoleObject | undefined;
  const old = attributes.old as RoleObject | undefined;
  if (role === undefined || isSame(role.rules, old?.rules, role.aggregationRule, old?.aggregationRule)) return;
  const target = { kind: "resource", user, group, version, namespace, name } as const;
  if (authorizer.authorize({ ...target, verb: "escalate", resource: kind.resource }).allowed) return;
  if (role.aggregationRule !== undefined) {
    const everything: PolicyRule[] = [
      { verbs: ["*"], apiGroups: ["*"], resources: ["*"] },
      { verbs: ["*"], nonResourceURLs: ["*"] },
    ];
    requireHeld(rbac, attributes, everything, "must have cluster-admin privileges to use an aggregationRule");
  }
  requireHeld(rbac, attributes, role.rules ?? []);
}

function checkBinding(authorizer: Authorizer, rbac: RbacAuthorizer, attributes: Attributes): void {
  const { user, namespace } = attributes;
  const binding = attributes.object as BindingObject | undefined;
  const old = attributes.old as BindingObject | undefined;
  if (binding === undefined || isSame(binding.subjects, old?.subjects, binding.roleRef, old?.roleRef)) return;
  const { kind, name } = binding.roleRef;
  const resource = kind === "ClusterRole" ? "clusterroles" : "roles";
  const target = { kind: "resource", user, group, version, namespace, resource, name } as const;
  if (authorizer.authorize({ ...target, verb: "bind" }).allowed) return;
  const rules = rbac.rulesOfRole(kind, namespace, name);
  if (rules === undefined) throw errors.notFound({ group, resource }, name);
  requireHeld(rbac, attributes, rules);
}

function isSame(...pairs: unknown[]): boolean {
  for (let i = 0; i < pairs.length; i += 2) {
    if (JSON.stringify(pairs[i] ?? null) !== JSON.stringify(pairs[i + 1] ?? null)) return false;
  }
  return true;
}

function requireHeld(
  rbac: RbacAuthorizer,
  attributes: Attributes,
  wanted: readonly PolicyRule[],
  instead?: string,
): void {
  const { kind, namespace, name, user, object } = attributes;
  const missing = uncoveredRules(rbac.rulesFor(user, namespace), wanted);
  if (missing.length === 0) return;
  throw errors.forbidden(kind, name || nameOf(object), instead ?? escalationText(user, missing));
}

function nameOf(object: KubeObject | undefined): string {
  return object?.metadata.name ?? "";
}

function escalationText(user: UserInfo, missing: readonly PolicyRule[]): string {
  const groups = user.groups.map((one) => JSON.stringify(one)).join(" ");
  const lines = [...new Set(compact(missing).map(ruleText))].sort();
  const who = `user ${JSON.stringify(user.name)} (groups=[${groups}])`;
  return `${who} is attempting to grant RBAC permissions not currently held:\n${lines.join("\n")}`;
}

/** Joins the verbs of parts that are about the same thing. */
function compact(parts: readonly PolicyRule[]): PolicyRule[] {
  const joined = new Map<string, PolicyRule>();
  for (const { verbs, ...target } of parts) {
    const key = JSON.stringify(target);
    joined.set(key, { ...target, verbs: [...(joined.get(key)?.verbs ?? []), ...verbs] });
  }
  return [...joined.values()];
}

/** An update that turns out to create the object needs the right to create it, which the request was not asked for. */
export function createOnUpdateCheck(authorizer: Authorizer): AdmissionPlugin {
  return {
    name: "CreateOnUpdateAuthorization",
    handles: ({ operation, subresource }) => operation === "CREATE" && subresource === "",
    validate({ kind, namespace, name, user }) {
      const { group: apiGroup, version: apiVersion, resource } = kind;
      const target = { kind: "resource", user, group: apiGroup, version: apiVersion, resource } as const;
      requireAllowed(authorizer, { ...target, verb: "create", namespace, name });
    },
  };
}
