import type { PolicyCompiler } from "../../cel/index.ts";
import type { FieldError, FieldPath } from "../../meta/index.ts";
import { fieldError, isDNS1035Label, isDNS1123Subdomain, isPathSegmentName } from "../../meta/index.ts";
import type { admissionregistrationV1 } from "../../types/index.ts";
import { checkDNSSubdomain, checkRequiredSupported, checkSupported, checkWith } from "../field-checks.ts";
import { checkLabelSelector } from "../label-selector.ts";
import { isBlank } from "./match-conditions.ts";
import { checkNamedRule, defaultRules } from "./rules.ts";

/** What validating and mutating policies and their bindings share. */

type MatchResources = admissionregistrationV1.MatchResources;

export function defaultMatchResources(resources: MatchResources | undefined): void {
  if (!resources) return;
  resources.matchPolicy ??= "Equivalent";
  resources.namespaceSelector ??= {};
  resources.objectSelector ??= {};
  defaultRules(resources.resourceRules);
  defaultRules(resources.excludeResourceRules);
}

export function checkMatchResources(resources: MatchResources | undefined, path: FieldPath, out: FieldError[]): void {
  if (!resources) return;
  const { matchPolicy, resourceRules, excludeResourceRules } = resources;
  if (matchPolicy === undefined) out.push(fieldError.required(path.child("matchPolicy"), ""));
  else checkSupported(matchPolicy, ["Equivalent", "Exact"], path.child("matchPolicy"), out);
  for (const field of ["namespaceSelector", "objectSelector"] as const) {
    if (resources[field]) checkLabelSelector(resources[field], path.child(field), out);
    else out.push(fieldError.required(path.child(field), ""));
  }
  for (const [i, rule] of (resourceRules ?? []).entries()) {
    checkNamedRule(rule, path.child("resourceRules").index(i), out);
  }
  for (const [i, rule] of (excludeResourceRules ?? []).entries()) {
    checkNamedRule(rule, path.child("excludeResourceRules").index(i), out);
  }
}

/** A policy's own constraints, which say of what types its objects are. */
export function checkMatchConstraints(resources: MatchResources | undefined, path: FieldPath, out: FieldError[]): void {
  if (!resources) {
    out.push(fieldError.required(path, ""));
    return;
  }
  checkMatchResources(resources, path, out);
  if ((resources.resourceRules ?? []).length === 0) out.push(fieldError.required(path.child("resourceRules"), ""));
}

export function checkFailurePolicy(policy: string | undefined, path: FieldPath, out: FieldError[]): void {
  if (policy === undefined) out.push(fieldError.required(path, ""));
  else checkSupported(policy, ["Fail", "Ignore"], path, out);
}

export function checkParamKind(
  paramKind: admissionregistrationV1.ParamKind | undefined,
  path: FieldPath,
  out: FieldError[],
): void {
  if (!paramKind) return;
  const { apiVersion = "", kind = "" } = paramKind;
  checkParamVersion(apiVersion, path.child("apiVersion"), out);
  if (kind === "") {
    out.push(fieldError.required(path.child("kind"), ""));
    return;
  }
  const messages = isDNS1035Label(kind.toLowerCase());
  if (messages.length > 0) {
    const detail = `may have mixed case, but should otherwise match: ${messages.join(",")}`;
    out.push(fieldError.invalid(path.child("kind"), kind, detail));
  }
}

function checkParamVersion(apiVersion: string, path: FieldPath, out: FieldError[]): void {
  if (apiVersion === "") {
    out.push(fieldError.required(path, ""));
    return;
  }
  const parts = apiVersion === "/" ? ["", ""] : apiVersion.split("/");
  if (parts.length > 2) {
    out.push(fieldError.invalid(path, apiVersion, `unexpected GroupVersion string: ${apiVersion}`));
    return;
  }
  const version = parts.at(-1) ?? "";
  const group = parts.length === 2 ? (parts[0] ?? "") : "";
  const groupMessages = group === "" ? [] : isDNS1123Subdomain(group);
  if (groupMessages.length > 0) out.push(fieldError.invalid(path, group, groupMessages.join(",")));
  if (version === "") {
    out.push(fieldError.invalid(path, apiVersion, "version must be specified"));
    return;
  }
  const messages = isDNS1035Label(version);
  if (messages.length > 0) out.push(fieldError.invalid(path, version, messages.join(",")));
}

const reservedWords: ReadonlySet<string> = new Set(
  (
    "true false null in as break const continue else for function if import let loop package namespace return var " +
    "void while"
  ).split(" "),
);

/** Whether expressions may call a variable so. */
function isIdentifier(name: string): boolean {
  return /^[_a-zA-Z][_a-zA-Z0-9]*$/.test(name) && !reservedWords.has(name);
}

/** Each may name those before it, and stays known to the compiler for the expressions that follow. */
export function checkVariables(
  variables: readonly admissionregistrationV1.Variable[] | undefined,
  compiler: PolicyCompiler,
  path: FieldPath,
  out: FieldError[],
): void {
  for (const [i, { name, expression }] of (variables ?? []).entries()) {
    const at = path.index(i);
    if (isBlank(name)) out.push(fieldError.required(at.child("name"), "name is not specified"));
    else if (!isIdentifier(name)) {
      out.push(fieldError.invalid(at.child("name"), name, "name is not a valid CEL identifier"));
    }
    if (isBlank(expression)) {
      out.push(fieldError.required(at.child("expression"), "expression is not specified"));
      continue;
    }
    const { error } = compiler.variable(name, expression);
    if (error !== undefined) out.push(fieldError.invalid(at.child("expression"), expression, error));
  }
}

export function checkPolicyName(name: string | undefined, path: FieldPath, out: FieldError[]): void {
  if (!name) out.push(fieldError.required(path, ""));
  else checkDNSSubdomain(name, path, out);
}

export function checkParamRef(
  reference: admissionregistrationV1.ParamRef | undefined,
  path: FieldPath,
  out: FieldError[],
): void {
  if (!reference) return;
  const { name, selector, parameterNotFoundAction } = reference;
  const exclusive = "name and selector are mutually exclusive";
  if (name) {
    checkWith(isPathSegmentName(name), name, path.child("name"), out);
    if (selector) out.push(fieldError.forbidden(path.child("name"), exclusive));
  }
  if (selector) {
    checkLabelSelector(selector, path.child("selector"), out);
    if (name) out.push(fieldError.forbidden(path.child("selector"), exclusive));
  }
  if (!name && !selector) out.push(fieldError.required(path, "one of name or selector must be specified"));
  checkRequiredSupported(parameterNotFoundAction, ["Deny", "Allow"], path.child("parameterNotFoundAction"), out);
}
