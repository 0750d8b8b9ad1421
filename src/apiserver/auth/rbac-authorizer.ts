import type { UserInfo } from "../request.ts";
import type { Attributes, Authorizer, Decision } from "./authorizer.ts";
import { type PolicyRule, ruleAllowsPath, ruleAllowsResource } from "./policy-rule.ts";
import { type Grant, type RbacIndex, subjectsOf } from "./rbac-index.ts";

const noOpinion: Decision = { allowed: false };

/** Allows what a role grants that is bound to the user or to one of the user's groups; denies nothing. */
export class RbacAuthorizer implements Authorizer {
  readonly #index: RbacIndex;

  constructor(index: RbacIndex) {
    this.#index = index;
  }

  authorize(attributes: Attributes): Decision {
    const matches = ruleMatcher(attributes);
    const subjects = subjectsOf(attributes.user);
    const namespace = attributes.kind === "resource" ? (attributes.namespace ?? "") : "";
    const grant = this.#find("", subjects, matches) ?? (namespace && this.#find(namespace, subjects, matches));
    return grant ? { allowed: true, reason: reasonOf(grant) } : noOpinion;
  }

  /** All rules that apply to a user in a namespace ("" for those of the whole cluster alone). */
  rulesFor(user: UserInfo, namespace: string): PolicyRule[] {
    const subjects = subjectsOf(user);
    const grants = subjects.flatMap((subject) => this.#index.grants("", subject));
    if (namespace !== "") grants.push(...subjects.flatMap((subject) => this.#index.grants(namespace, subject)));
    return grants.flatMap((grant) => this.#index.rulesOf(grant) ?? []);
  }

  /** The rules of a role; undefined when it does not exist. */
  rulesOfRole(kind: string, namespace: string, name: string): readonly PolicyRule[] | undefined {
    return this.#index.rules(kind, namespace, name);
  }

  #find(namespace: string, subjects: readonly string[], matches: (rule: PolicyRule) => boolean): Grant | undefined {
    for (const subject of subjects) {
      for (const grant of this.#index.grants(namespace, subject)) {
        if (this.#index.rulesOf(grant)?.some(matches)) return grant;
      }
    }
    return undefined;
  }
}

function ruleMatcher(attributes: Attributes): (rule: PolicyRule) => boolean {
  const { verb } = attributes;
  if (attributes.kind === "path") return (rule) => ruleAllowsPath(rule, verb, attributes.path);
  const { group, resource, subresource = "", name = "" } = attributes;
  const target = subresource === "" ? resource : `${resource}/${subresource}`;
  return (rule) => ruleAllowsResource(rule, verb, group, target, subresource, name);
}

function reasonOf({ bindingName, namespace, roleRef, subject }: Grant): string {
  const binding =
    namespace === ""
      ? `ClusterRoleBinding ${JSON.stringify(bindingName)}`
      : `RoleBinding ${JSON.stringify(`${bindingName}/${namespace}`)}`;
  const who = subject.kind === "ServiceAccount" ? `${subject.name}/${subject.namespace ?? namespace}` : subject.name;
  return `RBAC: allowed by ${binding} of ${roleRef.kind} ${JSON.stringify(roleRef.name)} to ${subject.kind} ${JSON.stringify(who)}`;
}
