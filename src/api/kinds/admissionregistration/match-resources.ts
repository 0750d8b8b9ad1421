import type { FieldError, FieldPath } from "../../meta/index.ts";
import { fieldError, isDNS1035Label, isDNS1123Subdomain, isPathSegmentName } from "../../meta/index.ts";
import type { MatchResources, ParamKind, ParamRef } from "../../types/index.ts";
import { checkSupported, checkWith } from "../field-checks.ts";
import { checkLabelSelector } from "../label-selector.ts";
import { checkNamedRule, defaultRules } from "./rules.ts";

/** What policies and their bindings share: which objects they are about, and their parameters. */

export function defaultMatchResources(resources: MatchResources | undefined): void {
  if (!resources) return;
  resources.matchPolicy ??= "Equivalent";
  resources.namespaceSelector ??= {};
  resources.objectSelector ??= {};
  defaultRules(resources.resourceRules);
  defaultRules(resources.excludeResourceRules);
}

export function checkMatchResources(resources: MatchResources, path: FieldPath, out: FieldError[]): void {
  if (resources.matchPolicy !== undefined) {
    checkSupported(resources.matchPolicy, ["Equivalent", "Exact"], path.child("matchPolicy"), out);
  }
  checkLabelSelector(resources.namespaceSelector, path.child("namespaceSelector"), out);
  checkLabelSelector(resources.objectSelector, path.child("objectSelector"), out);
  for (const field of ["resourceRules", "excludeResourceRules"] as const) {
    for (const [i, rule] of (resources[field] ?? []).entries()) {
      checkNamedRule(rule, path.child(field).index(i), out);
    }
  }
}

export function checkParamKind({ apiVersion, kind }: ParamKind, path: FieldPath, out: FieldError[]): void {
  checkParamVersion(apiVersion, path.child("apiVersion"), out);
  const kindPath = path.child("kind");
  if (!kind) out.push(fieldError.required(kindPath, ""));
  else {
    for (const message of isDNS1035Label(kind.toLowerCase())) {
      out.push(fieldError.invalid(kindPath, kind, `may have mixed case, but should otherwise match: ${message}`));
    }
  }
}

function checkParamVersion(apiVersion: string | undefined, path: FieldPath, out: FieldError[]): void {
  if (!apiVersion) {
    out.push(fieldError.required(path, ""));
    return;
  }
  const parts = apiVersion.split("/");
  if (parts.length > 2) {
    out.push(fieldError.invalid(path, apiVersion, `unexpected GroupVersion string: ${apiVersion}`));
    return;
  }
  const [group, version] = parts.length === 1 ? ["", parts[0] ?? ""] : [parts[0] ?? "", parts[1] ?? ""];
  if (group !== "") checkWith(isDNS1123Subdomain(group), group, path, out);
  checkWith(isDNS1035Label(version), version, path, out);
}

export function checkParamRef(reference: ParamRef, path: FieldPath, out: FieldError[]): void {
  const { name, selector, parameterNotFoundAction: action } = reference;
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
  const actionPath = path.child("parameterNotFoundAction");
  if (action === undefined) out.push(fieldError.required(actionPath, ""));
  else checkSupported(action, ["Allow", "Deny"], actionPath, out);
}

const unset = "<unset>";

export function paramKindText(kind: ParamKind | undefined): string {
  return kind ? `${kind.apiVersion ?? ""}/${kind.kind ?? ""}` : unset;
}

export function paramRefText(reference: ParamRef | undefined): string {
  if (!reference) return unset;
  const { name, namespace } = reference;
  if (!name) return "*";
  return namespace ? `${namespace}/${name}` : name;
}
