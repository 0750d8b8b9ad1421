import type { FieldError, FieldPath } from "../../meta/index.ts";
import { fieldError, isPathSegmentName } from "../../meta/index.ts";
import type { admissionregistrationV1 } from "../../types/index.ts";
import { checkSupported, checkWith } from "../field-checks.ts";

/** Which requests webhooks and policies look at. */

type Rule = admissionregistrationV1.RuleWithOperations;
type NamedRule = admissionregistrationV1.NamedRuleWithOperations;

const operations = ["*", "CONNECT", "CREATE", "DELETE", "UPDATE"];
const scopes = ["*", "Cluster", "Namespaced"];

export function defaultRules(rules: readonly Rule[] | undefined): void {
  for (const rule of rules ?? []) rule.scope ??= "*";
}

export function checkNamedRule(rule: NamedRule, path: FieldPath, out: FieldError[]): void {
  const seen = new Set<string>();
  for (const [i, name] of (rule.resourceNames ?? []).entries()) {
    const at = path.child("resourceNames").index(i);
    checkWith(isPathSegmentName(name), name, at, out);
    if (seen.has(name)) out.push(fieldError.duplicate(at, name));
    seen.add(name);
  }
  checkRule(rule, path, out);
}

export function checkRule(rule: Rule, path: FieldPath, out: FieldError[]): void {
  checkList(rule.operations, path.child("operations"), "operations", out);
  for (const [i, operation] of (rule.operations ?? []).entries()) {
    checkSupported(operation, operations, path.child("operations").index(i), out);
  }
  checkList(rule.apiGroups, path.child("apiGroups"), "API groups", out);
  checkList(rule.apiVersions, path.child("apiVersions"), "API versions", out);
  for (const [i, version] of (rule.apiVersions ?? []).entries()) {
    if (version === "") out.push(fieldError.required(path.child("apiVersions").index(i), ""));
  }
  checkResources(rule.resources ?? [], path.child("resources"), out);
  if (rule.scope !== undefined) checkSupported(rule.scope, scopes, path.child("scope"), out);
}

/** At least one, and nothing beside a star. */
function checkList(values: readonly string[] | undefined, path: FieldPath, what: string, out: FieldError[]): void {
  if (!values || values.length === 0) out.push(fieldError.required(path, ""));
  else if (values.length > 1 && values.includes("*")) {
    out.push(fieldError.invalid(path, values, `if '*' is present, must not specify other ${what}`));
  }
}

function checkResources(resources: readonly string[], path: FieldPath, out: FieldError[]): void {
  if (resources.length === 0) out.push(fieldError.required(path, ""));
  const withAllSubresources = new Set<string>();
  const ofAllResources = new Set<string>();
  let hasPlainResource = false;
  for (const [i, entry] of resources.entries()) {
    const at = path.index(i);
    if (entry === "") {
      out.push(fieldError.required(at, ""));
      continue;
    }
    const slash = entry.indexOf("/");
    if (slash < 0) {
      hasPlainResource = entry !== "*";
      continue;
    }
    const resource = entry.slice(0, slash);
    const subresource = entry.slice(slash + 1);
    if (withAllSubresources.has(resource)) {
      out.push(fieldError.invalid(at, entry, `if '${resource}/*' is present, must not specify ${entry}`));
    }
    if (ofAllResources.has(subresource)) {
      out.push(fieldError.invalid(at, entry, `if '*/${subresource}' is present, must not specify ${entry}`));
    }
    if (subresource === "*") withAllSubresources.add(resource);
    if (resource === "*") ofAllResources.add(subresource);
  }
  if (resources.length > 1 && resources.includes("*/*")) {
    out.push(fieldError.invalid(path, resources, "if '*/*' is present, must not specify other resources"));
  }
  if (resources.includes("*") && hasPlainResource) {
    const detail = "if '*' is present, must not specify other resources without subresources";
    out.push(fieldError.invalid(path, resources, detail));
  }
}
