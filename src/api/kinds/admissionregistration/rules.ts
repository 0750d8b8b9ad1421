import type { FieldError, FieldPath } from "../../meta/index.ts";
import { fieldError } from "../../meta/index.ts";
import type { NamedRuleWithOperations, RuleWithOperations } from "../../types/index.ts";
import { checkSupported } from "../field-checks.ts";

const operationNames = ["*", "CONNECT", "CREATE", "DELETE", "UPDATE"];
const scopes = ["*", "Cluster", "Namespaced"];

/** Rules that say nothing of scope hold for all. */
export function defaultRules(rules: readonly RuleWithOperations[] | undefined): void {
  for (const rule of rules ?? []) rule.scope ??= "*";
}

/** Which operations on which resources a webhook or policy is asked about. */
export function checkRule(rule: RuleWithOperations, path: FieldPath, out: FieldError[]): void {
  const operations = rule.operations ?? [];
  checkStar(operations, "operations", path.child("operations"), out);
  for (const [i, operation] of operations.entries()) {
    checkSupported(operation, operationNames, path.child("operations").index(i), out);
  }
  checkStar(rule.apiGroups ?? [], "API groups", path.child("apiGroups"), out);
  checkStar(rule.apiVersions ?? [], "API versions", path.child("apiVersions"), out);
  for (const [i, version] of (rule.apiVersions ?? []).entries()) {
    if (version === "") out.push(fieldError.required(path.child("apiVersions").index(i), ""));
  }
  checkResources(rule.resources ?? [], path.child("resources"), out);
  if (rule.scope !== undefined) checkSupported(rule.scope, scopes, path.child("scope"), out);
}

export function checkNamedRule(rule: NamedRuleWithOperations, path: FieldPath, out: FieldError[]): void {
  const seen = new Set<string>();
  for (const [i, name] of (rule.resourceNames ?? []).entries()) {
    const at = path.child("resourceNames").index(i);
    if (/[/%]/.test(name) || name === "." || name === "..") {
      out.push(fieldError.invalid(at, name, `invalid resource name: ${name}`));
    }
    if (seen.has(name)) out.push(fieldError.duplicate(at, name));
    seen.add(name);
  }
  checkRule(rule, path, out);
}

function checkStar(values: readonly string[], what: string, path: FieldPath, out: FieldError[]): void {
  if (values.length === 0) out.push(fieldError.required(path, ""));
  if (values.length > 1 && values.includes("*")) {
    out.push(fieldError.invalid(path, values, `if '*' is present, must not specify other ${what}`));
  }
}

/** `pods`, `pods/status`, `*`, `pods/*`, `*\/status`: nothing that another one holds already. */
function checkResources(resources: readonly string[], path: FieldPath, out: FieldError[]): void {
  if (resources.length === 0) out.push(fieldError.required(path, ""));
  const wholeResources = new Set<string>();
  const subresourcesOfAll = new Set<string>();
  for (const [i, text] of resources.entries()) {
    const at = path.index(i);
    if (text === "") {
      out.push(fieldError.required(at, ""));
      continue;
    }
    if (text === "*/*") wholeResources.add("*");
    const [resource = "", sub] = text.split("/");
    if (sub === undefined) continue;
    if (wholeResources.has(resource)) {
      const detail = `if '${resource}/*' is present, must not specify ${text}`;
      out.push(fieldError.invalid(at, text, detail));
    }
    if (subresourcesOfAll.has(sub)) {
      out.push(fieldError.invalid(at, text, `if '*/${sub}' is present, must not specify ${text}`));
    }
    if (sub === "*") wholeResources.add(resource);
    if (resource === "*") subresourcesOfAll.add(sub);
  }
  if (resources.length > 1 && resources.includes("*/*")) {
    out.push(fieldError.invalid(path, resources, "if '*/*' is present, must not specify other resources"));
  }
}
